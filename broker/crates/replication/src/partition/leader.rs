//! The leader's side: followers, the ISR (committed and maximal) and its changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch};

use super::replica::Replica;
use super::{
    AlterPartition, AlterPartitionAnswer, Brokers, Config, FollowerFetch, FollowerFetchError,
    Metadata, RecoveryState,
};

/// State that lives as long as one leader epoch on this broker.
#[derive(Debug)]
pub(super) struct Leader {
    config: Config,
    epoch_start: i64,
    followers: BTreeMap<NodeId, Replica>,
    committed: BTreeSet<NodeId>,
    pending: Option<Pending>,
    recovery_state: RecoveryState,
}

/// An AlterPartition that is not answered yet, or whose outcome the metadata log will tell.
#[derive(Debug)]
enum Pending {
    Expand(NodeId),
    Shrink(BTreeSet<NodeId>),
}

type Epochs = (LeaderEpoch, PartitionEpoch);

impl Leader {
    pub(super) fn new(config: Config, metadata: &Metadata, end_offset: i64, now_ms: i64) -> Self {
        let followers = metadata
            .replicas
            .iter()
            .filter(|replica| **replica != config.node)
            .map(|replica| (*replica, Replica::new(metadata.isr.contains(replica), now_ms)))
            .collect();
        Self {
            config,
            epoch_start: end_offset,
            followers,
            committed: metadata.isr.iter().copied().collect(),
            pending: None,
            recovery_state: metadata.recovery_state,
        }
    }

    /// The same leader epoch with other members or another ISR.
    pub(super) fn apply_metadata(&mut self, metadata: &Metadata, changed: bool) {
        self.followers.retain(|replica, _| metadata.replicas.contains(replica));
        for replica in &metadata.replicas {
            if *replica != self.config.node {
                self.followers.entry(*replica).or_default();
            }
        }
        self.committed = metadata.isr.iter().copied().collect();
        self.recovery_state = metadata.recovery_state;
        // A change of the partition decides whatever was pending.
        if changed {
            self.pending = None;
        }
    }

    pub(super) fn epoch_start(&self) -> i64 {
        self.epoch_start
    }

    pub(super) fn committed(&self) -> Vec<NodeId> {
        self.committed.iter().copied().collect()
    }

    pub(super) fn committed_len(&self) -> usize {
        self.committed.len()
    }

    /// Size of the committed ISR plus the replica being added; a pending shrink removes nobody yet.
    pub(super) fn maximal_len(&self) -> usize {
        self.committed.len() + usize::from(matches!(self.pending, Some(Pending::Expand(_))))
    }

    pub(super) fn record_fetch(
        &mut self,
        fetch: &FollowerFetch,
        end_offset: i64,
        now_ms: i64,
    ) -> Result<(), FollowerFetchError> {
        debug_assert!(fetch.leader_end_offset <= end_offset, "read before the log grew");
        let Some(follower) = self.followers.get_mut(&fetch.replica) else {
            return Err(if fetch.has_leader_epoch {
                FollowerFetchError::UnknownReplicaWithEpoch
            } else {
                FollowerFetchError::UnknownReplica
            });
        };
        follower.fetched(fetch, now_ms)
    }

    /// The largest offset that every replica which counts has reached.
    ///
    /// A replica that is caught up and may join counts already, so that the high watermark does not
    /// run away from it while it is being added.
    pub(super) fn reached_by_all(
        &self,
        end_offset: i64,
        now_ms: i64,
        brokers: &dyn Brokers,
    ) -> i64 {
        let lag_max_ms = self.config.replica_lag_time_max_ms;
        let mut reached = end_offset;
        for (node, follower) in &self.followers {
            let counts = self.is_maximal_member(*node)
                || (follower.is_caught_up(end_offset, now_ms, lag_max_ms)
                    && is_eligible(follower, *node, brokers));
            if counts {
                reached = reached.min(follower.end_offset());
            }
        }
        reached
    }

    pub(super) fn maybe_expand(
        &mut self,
        node: NodeId,
        high_watermark: i64,
        epochs: Epochs,
        brokers: &dyn Brokers,
    ) -> Option<AlterPartition> {
        if self.pending.is_some() || self.committed.contains(&node) {
            return None;
        }
        let follower = self.followers.get(&node)?;
        let in_sync =
            follower.end_offset() >= high_watermark && follower.end_offset() >= self.epoch_start;
        if !in_sync || !is_eligible(follower, node, brokers) {
            return None;
        }
        self.pending = Some(Pending::Expand(node));
        self.request(epochs, brokers)
    }

    pub(super) fn maybe_shrink(
        &mut self,
        end_offset: i64,
        epochs: Epochs,
        brokers: &dyn Brokers,
        now_ms: i64,
    ) -> Option<AlterPartition> {
        if self.pending.is_some() {
            return None;
        }
        let lag_max_ms = self.config.replica_lag_time_max_ms;
        let behind: BTreeSet<NodeId> = self
            .followers
            .iter()
            .filter(|(node, _)| self.committed.contains(node))
            .filter(|(_, follower)| !follower.is_caught_up(end_offset, now_ms, lag_max_ms))
            .map(|(node, _)| *node)
            .collect();
        if behind.is_empty() {
            return None;
        }
        self.pending = Some(Pending::Shrink(behind));
        self.request(epochs, brokers)
    }

    /// Takes an answer; returns the partition epoch to go on with and what to send again.
    pub(super) fn answered(
        &mut self,
        answer: AlterPartitionAnswer,
        epochs: Epochs,
        brokers: &dyn Brokers,
    ) -> (PartitionEpoch, Option<AlterPartition>) {
        let (leader_epoch, partition_epoch) = epochs;
        match answer {
            AlterPartitionAnswer::Committed(altered)
                if altered.leader_epoch == leader_epoch
                    && altered.partition_epoch >= partition_epoch =>
            {
                self.committed = altered.isr.iter().copied().collect();
                self.recovery_state = altered.recovery_state;
                self.pending = None;
                (altered.partition_epoch, None)
            }
            // Another leader epoch or an older partition epoch: metadata has told more since.
            AlterPartitionAnswer::Committed(_) | AlterPartitionAnswer::AwaitMetadata => {
                (partition_epoch, None)
            }
            AlterPartitionAnswer::Refused => {
                self.pending = None;
                (partition_epoch, None)
            }
            AlterPartitionAnswer::Retry => (partition_epoch, self.request(epochs, brokers)),
        }
    }

    fn is_maximal_member(&self, node: NodeId) -> bool {
        self.committed.contains(&node)
            || matches!(self.pending, Some(Pending::Expand(adding)) if adding == node)
    }

    fn request(&self, epochs: Epochs, brokers: &dyn Brokers) -> Option<AlterPartition> {
        let mut wanted = self.committed.clone();
        match self.pending.as_ref()? {
            Pending::Expand(node) => {
                wanted.insert(*node);
            }
            Pending::Shrink(behind) => wanted.retain(|node| !behind.contains(node)),
        }
        let (leader_epoch, partition_epoch) = epochs;
        Some(AlterPartition {
            leader_epoch,
            partition_epoch,
            new_isr: wanted.into_iter().map(|node| (node, self.epoch_of(node, brokers))).collect(),
            recovery_state: RecoveryState::Recovered,
        })
    }

    fn epoch_of(&self, node: NodeId, brokers: &dyn Brokers) -> BrokerEpoch {
        if node == self.config.node {
            return brokers.active_epoch(node).unwrap_or(BrokerEpoch(-1));
        }
        self.followers.get(&node).and_then(Replica::broker_epoch).unwrap_or(BrokerEpoch(-1))
    }
}

fn is_eligible(follower: &Replica, node: NodeId, brokers: &dyn Brokers) -> bool {
    let Some(registered) = brokers.active_epoch(node) else { return false };
    follower.broker_epoch().is_some_and(|fetched| fetched.0 == -1 || fetched == registered)
}
