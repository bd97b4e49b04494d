//! The leader's request to the controller to change the ISR (AlterPartition, KIP-497).

use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch};

use super::RecoveryState;

/// One partition of an AlterPartition request. At most one is in flight per partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterPartition {
    /// Epoch of the asking leader.
    pub leader_epoch: LeaderEpoch,
    /// Epoch of the metadata that the change builds on.
    pub partition_epoch: PartitionEpoch,
    /// The wanted ISR, each with the broker epoch that the leader has seen.
    pub new_isr: Vec<(NodeId, BrokerEpoch)>,
    /// Always recovered: a leader asks only once its log is as it should be.
    pub recovery_state: RecoveryState,
}

/// The partition as the controller has it after the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlteredPartition {
    /// Epoch of the leader.
    pub leader_epoch: LeaderEpoch,
    /// Epoch of the changed metadata.
    pub partition_epoch: PartitionEpoch,
    /// The committed ISR.
    pub isr: Vec<NodeId>,
    /// See [`RecoveryState`].
    pub recovery_state: RecoveryState,
}

/// How the controller answered, by what the leader does next
/// (`Partition.handleAlterPartitionError`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlterPartitionAnswer {
    /// The change is committed.
    Committed(AlteredPartition),
    /// INELIGIBLE_REPLICA, OPERATION_NOT_ATTEMPTED: back to the last committed ISR.
    Refused,
    /// UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, FENCED_LEADER_EPOCH, INVALID_UPDATE_VERSION,
    /// INVALID_REQUEST, NEW_LEADER_ELECTED: the metadata log will tell.
    AwaitMetadata,
    /// Anything else: the same again.
    Retry,
}
