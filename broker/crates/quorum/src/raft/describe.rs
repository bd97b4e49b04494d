//! DescribeQuorum: how far everybody is (KIP-595, KIP-836).

use super::Raft;
use crate::progress::Replica;
use crate::role::Role;
use crate::{Epoch, LogView, NodeId, ReplicaKey, Voter};

/// The quorum as its leader sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct QuorumView {
    /// The leader: this node.
    pub leader: NodeId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Absent until a record of the epoch is committed.
    pub high_watermark: Option<i64>,
    /// Voters in the order of their ids.
    pub voters: Vec<ReplicaView>,
    /// Observers that fetched recently.
    pub observers: Vec<ReplicaView>,
    /// Voters with their endpoints.
    pub nodes: Vec<Voter>,
}

/// One replica in a [`QuorumView`].
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaView {
    /// Who.
    pub key: ReplicaKey,
    /// Where its log ends, absent until it has fetched.
    pub end_offset: Option<i64>,
    /// When it last fetched, in the driver's milliseconds.
    pub last_fetch_ms: Option<u64>,
    /// When it last had everything.
    pub last_caught_up_ms: Option<u64>,
}

impl Raft {
    /// The quorum, if this node leads it.
    #[must_use]
    pub fn describe(&self, now_ms: u64, log: &impl LogView) -> Option<QuorumView> {
        let Role::Leader(leader) = &self.role else { return None };
        let voters = self.history.voters();
        let own = self.key();
        let view_of_voter = |voter: &Voter| {
            if voter.key.id == own.id {
                return ReplicaView {
                    key: own,
                    end_offset: Some(log.end().offset),
                    last_fetch_ms: Some(now_ms),
                    last_caught_up_ms: Some(now_ms),
                };
            }
            view(voter.key, &leader.progress.of(&voter.key))
        };
        let observers = leader.progress.observers(voters).map(|(key, replica)| view(*key, replica));
        Some(QuorumView {
            leader: own.id,
            epoch: self.epoch,
            high_watermark: leader.established.then_some(self.high_watermark).flatten(),
            voters: voters.iter().map(view_of_voter).collect(),
            observers: observers.collect(),
            nodes: voters.iter().cloned().collect(),
        })
    }
}

fn view(key: ReplicaKey, replica: &Replica) -> ReplicaView {
    ReplicaView {
        key,
        end_offset: replica.end_offset,
        last_fetch_ms: replica.last_fetch_ms,
        last_caught_up_ms: replica.last_caught_up_ms,
    }
}
