//! Why a partition refuses.

/// The client's leader epoch is not this broker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EpochError {
    /// The client is behind: FENCED_LEADER_EPOCH.
    #[error("the client's leader epoch is older than this broker's")]
    Fenced,
    /// The client is ahead of this broker: UNKNOWN_LEADER_EPOCH.
    #[error("the client's leader epoch is newer than this broker's")]
    Unknown,
}

/// The committed ISR is too small for acks=all: NOT_ENOUGH_REPLICAS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{in_sync} replicas are in sync, min.insync.replicas asks for {min}")]
pub struct NotEnoughReplicas {
    /// Size of the committed ISR.
    pub in_sync: usize,
    /// `min.insync.replicas`, at most the number of replicas.
    pub min: usize,
}

/// A follower's fetch that must not change the leader's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FollowerFetchError {
    /// This broker does not lead: NOT_LEADER_OR_FOLLOWER.
    #[error("this broker is not the leader")]
    NotLeader,
    /// The fetch is from an earlier registration of that broker: NOT_LEADER_OR_FOLLOWER.
    #[error("the fetch is from an earlier registration of the broker")]
    StaleBrokerEpoch,
    /// Not an assigned replica, and it sent a leader epoch: UNKNOWN_LEADER_EPOCH (it may know a
    /// reassignment that this broker does not know yet).
    #[error("the fetching broker is not a replica that this leader knows yet")]
    UnknownReplicaWithEpoch,
    /// Not an assigned replica: NOT_LEADER_OR_FOLLOWER.
    #[error("the fetching broker is not a replica")]
    UnknownReplica,
}
