//! The leader's side: followers, the ISR (committed and maximal) and its changes.

use std::collections::{BTreeMap, BTreeSet};

use barnabas_bugs::{Bug, is_seeded};

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

/// When a replica has to leave the ISR.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shrink {
    pub(super) now_ms: i64,
    /// Members that hold appends back and did not fetch since then leave early ...
    pub(super) heard_since_ms: i64,
    /// ... if so many members are left, this one included.
    pub(super) keep: usize,
}

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

    /// Returns whether the follower's log starts elsewhere than before.
    pub(super) fn record_fetch(
        &mut self,
        fetch: &FollowerFetch,
        end_offset: i64,
        brokers: &dyn Brokers,
        now_ms: i64,
    ) -> Result<bool, FollowerFetchError> {
        debug_assert!(fetch.leader_end_offset <= end_offset, "read before the log grew");
        let Some(follower) = self.followers.get_mut(&fetch.replica) else {
            return Err(if fetch.has_leader_epoch {
                FollowerFetchError::UnknownReplicaWithEpoch
            } else {
                FollowerFetchError::UnknownReplica
            });
        };
        let started_at = follower.log_start_offset();
        follower.fetched(fetch, now_ms)?;
        follower.look_up(fetch.replica, brokers);
        Ok(follower.log_start_offset() != started_at)
    }

    /// Registrations changed: who may join the ISR has to be found out anew.
    pub(super) fn look_up(&mut self, brokers: &dyn Brokers) {
        for (node, follower) in &mut self.followers {
            follower.look_up(*node, brokers);
        }
    }

    /// The largest offset that every replica which counts has reached.
    ///
    /// A replica that is caught up and may join counts already, so that the high watermark does not
    /// run away from it while it is being added.
    pub(super) fn reached_by_all(&self, end_offset: i64, now_ms: i64) -> i64 {
        let lag_max_ms = self.config.replica_lag_time_max_ms;
        let heard_since_ms = now_ms - self.config.replica_silence_max_ms;
        let mut reached = end_offset;
        if is_seeded(Bug::HighWatermarkAlone) {
            return reached;
        }
        for (node, follower) in &self.followers {
            let counts = self.is_maximal_member(*node)
                || (follower.is_caught_up(end_offset, now_ms, lag_max_ms)
                    && follower.is_eligible()
                    && !follower.is_silent(end_offset, heard_since_ms));
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
        let in_sync = in_sync || is_seeded(Bug::ExpandBehind);
        if !in_sync || !follower.is_eligible() {
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
        shrink: Shrink,
    ) -> Option<AlterPartition> {
        if self.pending.is_some() {
            return None;
        }
        let lag_max_ms = self.config.replica_lag_time_max_ms;
        let mut behind =
            self.members(|follower| !follower.is_caught_up(end_offset, shrink.now_ms, lag_max_ms));
        let silent = self.members(|follower| follower.is_silent(end_offset, shrink.heard_since_ms));
        let left = self.committed.len() - behind.union(&silent).count();
        if left >= shrink.keep {
            behind.extend(silent);
        }
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

    /// How far the slowest member of the ISR is behind, in records.
    pub(super) fn max_lag(&self, end_offset: i64) -> i64 {
        let members = self.followers.iter().filter(|(node, _)| self.committed.contains(node));
        let lags = members.map(|(_, follower)| end_offset - follower.end_offset().max(0));
        lags.max().unwrap_or(0).max(0)
    }

    /// The first offset that every follower which `counts` still has, as far as it told; `None`
    /// when one did not tell yet.
    pub(super) fn low_watermark(
        &self,
        log_start: i64,
        counts: impl Fn(NodeId) -> bool,
    ) -> Option<i64> {
        let counted = self.followers.iter().filter(|(node, _)| counts(**node));
        counted
            .map(|(_, follower)| follower.log_start_offset())
            .try_fold(log_start, |low, start| Some(low.min(start?)))
    }

    /// In-sync followers that have the offset: log end and when they were last caught up, ms.
    pub(super) fn readable_at(
        &self,
        offset: i64,
    ) -> impl Iterator<Item = (NodeId, (i64, i64))> + '_ {
        self.followers
            .iter()
            .filter(|(node, _)| self.committed.contains(node))
            .filter(move |(_, follower)| {
                follower.log_start_offset().is_some_and(|start| start <= offset)
                    && offset <= follower.end_offset()
            })
            .map(|(node, follower)| (*node, (follower.end_offset(), follower.last_caught_up_ms())))
    }

    fn members(&self, which: impl Fn(&Replica) -> bool) -> BTreeSet<NodeId> {
        let members = self.followers.iter().filter(|(node, _)| self.committed.contains(node));
        members.filter(|(_, follower)| which(follower)).map(|(node, _)| *node).collect()
    }

    fn is_maximal_member(&self, node: NodeId) -> bool {
        if is_seeded(Bug::ForgetPendingShrink)
            && let Some(Pending::Shrink(leaving)) = &self.pending
            && leaving.contains(&node)
        {
            return false;
        }
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
