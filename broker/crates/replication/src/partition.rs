//! One replica of one partition (`kafka.cluster.Partition`).

mod alter;
mod error;
mod leader;
mod reader;
mod replica;
mod tail;
#[cfg(test)]
mod tests;
mod truncation;

pub use alter::{AlterPartition, AlterPartitionAnswer, AlteredPartition};
pub use error::{EpochError, FollowerFetchError, NotEnoughReplicas};
pub use tail::Progress;
pub use truncation::{Fit, LogEpochs, truncation};

use std::cmp::Ordering;

use barnabas_bugs::{Bug, is_seeded};

use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch};
use leader::{Leader, Shrink};
use tail::Tail;

/// What does not change while the broker runs.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// This broker.
    pub node: NodeId,
    /// `replica.lag.time.max.ms`.
    pub replica_lag_time_max_ms: i64,
    /// An in-sync follower that holds appends back and has not fetched for so long, ms, leaves
    /// the ISR before `replica.lag.time.max.ms`: see [`Partition::tick`].
    pub replica_silence_max_ms: i64,
}

/// Where the log stood when it was opened.
#[derive(Clone, Copy, Debug)]
pub struct LogBounds {
    /// First offset that can be read.
    pub start_offset: i64,
    /// The next offset to be written.
    pub end_offset: i64,
    /// High watermark of the checkpoint: a hint, clamped to the two others.
    pub high_watermark: i64,
}

/// Whether the leader was elected from outside of the in-sync replicas (KIP-704).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryState {
    /// Elected cleanly, or recovered since.
    Recovered,
    /// The log of an uncleanly elected leader that has not been acknowledged yet.
    Recovering,
}

/// What the metadata image says about the partition.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// The leader, if there is one.
    pub leader: Option<NodeId>,
    /// Epoch of that leader.
    pub leader_epoch: LeaderEpoch,
    /// Epoch of this record.
    pub partition_epoch: PartitionEpoch,
    /// Assigned replicas, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// In-sync replicas. May be empty (KIP-966).
    pub isr: Vec<NodeId>,
    /// See [`RecoveryState`].
    pub recovery_state: RecoveryState,
}

/// What the leader knows of the other brokers from its metadata image.
pub trait Brokers {
    /// Registration epoch of a broker that is neither fenced nor shutting down.
    fn active_epoch(&self, node: NodeId) -> Option<BrokerEpoch>;
}

/// A follower's Fetch, after the log answered without divergence.
#[derive(Clone, Copy, Debug)]
pub struct FollowerFetch {
    /// The fetching replica.
    pub replica: NodeId,
    /// Its registration as it sees it; -1 when it did not say (before Fetch v15).
    pub broker_epoch: BrokerEpoch,
    /// Whether the request carried a current leader epoch.
    pub has_leader_epoch: bool,
    /// The leader epoch in which it was read. What a deposed leader found out says nothing when
    /// it leads again: its log and the follower's may have been cut in between.
    pub leader_epoch: LeaderEpoch,
    /// The next offset it needs: its log end.
    pub fetch_offset: i64,
    /// The first offset that it has.
    pub log_start_offset: i64,
    /// The leader's log end when this fetch was read.
    pub leader_end_offset: i64,
}

/// What changed, as the shell has to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// The high watermark moved: tell both purgatories.
    pub high_watermark_advanced: bool,
    /// Send this to the controller and report the answer with [`Partition::alter_answered`].
    pub alter_partition: Option<AlterPartition>,
    /// What the controller committed of the ISR.
    pub isr_change: Option<IsrChange>,
    /// The log of a follower starts elsewhere: [`Partition::low_watermark`] may have moved.
    pub follower_start_moved: bool,
}

/// How a committed ISR differs from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsrChange {
    /// Replicas joined.
    Expanded,
    /// Replicas left.
    Shrunk,
}

/// What new metadata made of this replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleChange {
    /// Older than what is known: ignored.
    Stale,
    /// The same leader; membership or ISR may have changed.
    Unchanged,
    /// This replica leads in a new epoch, which starts at the log's end. Waiting requests of the
    /// previous epoch must be interrupted, and the epoch be written to the epoch cache.
    Leader,
    /// This replica follows (or the partition has no leader): waiting requests must be interrupted.
    Follower,
}

/// Whether an append with acks=all is acknowledged (`Partition.checkEnoughReplicasReachOffset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ack {
    /// The high watermark reached the offset.
    Done,
    /// It did, but with fewer replicas in sync than `min.insync.replicas` asks for.
    NotEnoughReplicas,
    /// It did not yet.
    Pending,
}

/// The replica on this broker: its role, epochs and offsets.
///
/// Invariant: `0 <= high watermark <= log end`. The high watermark never goes back but by
/// [`Partition::truncated`].
#[derive(Debug)]
pub struct Partition {
    config: Config,
    min_insync_replicas: usize,
    replicas: Vec<NodeId>,
    leader: Option<NodeId>,
    leader_epoch: LeaderEpoch,
    partition_epoch: PartitionEpoch,
    tail: Tail,
    /// Where the synced part of the log ends, if only that counts.
    synced: Option<i64>,
    leading: Option<Leader>,
}

impl Partition {
    /// A replica that knows its log but not yet its role.
    #[must_use]
    pub fn new(config: Config, log: LogBounds, min_insync_replicas: usize) -> Self {
        Self {
            config,
            min_insync_replicas,
            replicas: Vec::new(),
            leader: None,
            leader_epoch: LeaderEpoch(-1),
            partition_epoch: PartitionEpoch(-1),
            tail: Tail::new(log),
            synced: None,
            leading: None,
        }
    }

    /// Takes over what the metadata image says now.
    pub fn apply_metadata(&mut self, metadata: &Metadata, now_ms: i64) -> RoleChange {
        if metadata.leader_epoch < self.leader_epoch
            || metadata.partition_epoch < self.partition_epoch
        {
            return RoleChange::Stale;
        }
        let new_epoch = metadata.leader_epoch > self.leader_epoch;
        let changed = metadata.partition_epoch > self.partition_epoch;
        self.partition_epoch = metadata.partition_epoch;
        self.leader_epoch = metadata.leader_epoch;
        self.leader = metadata.leader;
        self.replicas.clone_from(&metadata.replicas);
        let change = if metadata.leader != Some(self.config.node) {
            let was_leading = self.leading.take().is_some();
            if new_epoch || was_leading { RoleChange::Follower } else { RoleChange::Unchanged }
        } else if let (Some(leading), false) = (&mut self.leading, new_epoch) {
            leading.apply_metadata(metadata, changed);
            RoleChange::Unchanged
        } else {
            self.leading = Some(Leader::new(self.config, metadata, self.tail.end_offset(), now_ms));
            RoleChange::Leader
        };
        self.raise_high_watermark(now_ms);
        change
    }

    /// The log has grown to `end_offset` by `bytes`. Returns whether the high watermark moved.
    ///
    /// With this replica alone in the ISR it moves at once and nothing is allocated.
    pub fn appended(&mut self, end_offset: i64, bytes: u64, now_ms: i64) -> bool {
        self.tail.append(end_offset, bytes);
        self.raise_high_watermark(now_ms)
    }

    /// Whether this replica's appends count towards the high watermark only once they are synced:
    /// then nobody reads, and no acks=all acknowledges, what a power cut could take from it. What
    /// the log holds now is synced. Returns whether the high watermark moved.
    pub fn count_synced_only(&mut self, only: bool, now_ms: i64) -> bool {
        let end_offset = self.tail.end_offset();
        self.synced = only.then(|| self.synced.unwrap_or(end_offset));
        self.raise_high_watermark(now_ms)
    }

    /// The log is synced below `end_offset`. Returns whether the high watermark moved.
    pub fn synced(&mut self, end_offset: i64, now_ms: i64) -> bool {
        let end_offset = end_offset.min(self.tail.end_offset());
        let Some(synced) = &mut self.synced else { return false };
        *synced = end_offset.max(*synced);
        self.raise_high_watermark(now_ms)
    }

    /// A follower of ours fetched.
    ///
    /// # Errors
    /// When this is not the leader, or the fetch is not from a current replica. Nothing changes.
    pub fn follower_fetched(
        &mut self,
        fetch: &FollowerFetch,
        brokers: &dyn Brokers,
        now_ms: i64,
    ) -> Result<Effects, FollowerFetchError> {
        let epochs = (self.leader_epoch, self.partition_epoch);
        let end_offset = self.tail.end_offset();
        let high_watermark = self.tail.high_watermark();
        let leading = self.leading.as_mut().filter(|_| fetch.leader_epoch == epochs.0);
        let leading = leading.ok_or(FollowerFetchError::NotLeader)?;
        let follower_start_moved = leading.record_fetch(fetch, end_offset, brokers, now_ms)?;
        let alter_partition = leading.maybe_expand(fetch.replica, high_watermark, epochs, brokers);
        let high_watermark_advanced = self.raise_high_watermark(now_ms);
        let isr_change = None;
        Ok(Effects { high_watermark_advanced, alter_partition, isr_change, follower_start_moved })
    }

    /// Brokers registered, were fenced or unfenced. Returns whether the high watermark moved.
    pub fn brokers_changed(&mut self, brokers: &dyn Brokers, now_ms: i64) -> bool {
        let Some(leading) = &mut self.leading else { return false };
        leading.look_up(brokers);
        self.raise_high_watermark(now_ms)
    }

    /// The leader told the high watermark to this follower. Returns whether it moved.
    pub fn leader_high_watermark(&mut self, offset: i64) -> bool {
        self.leading.is_none() && self.tail.raise(offset)
    }

    /// The controller answered the [`AlterPartition`] that was sent for this partition. An answer
    /// to one that metadata has overtaken changes nothing.
    pub fn alter_answered(
        &mut self,
        sent: &AlterPartition,
        answer: AlterPartitionAnswer,
        brokers: &dyn Brokers,
        now_ms: i64,
    ) -> Effects {
        let epochs = (self.leader_epoch, self.partition_epoch);
        let Some(leading) = &mut self.leading else { return Effects::default() };
        if (sent.leader_epoch, sent.partition_epoch) != epochs {
            return Effects::default();
        }
        let before = leading.committed_len();
        let (partition_epoch, alter_partition) = leading.answered(answer, epochs, brokers);
        self.partition_epoch = partition_epoch;
        let isr_change = match leading.committed_len().cmp(&before) {
            Ordering::Less => Some(IsrChange::Shrunk),
            Ordering::Equal => None,
            Ordering::Greater => Some(IsrChange::Expanded),
        };
        let high_watermark_advanced = self.raise_high_watermark(now_ms);
        Effects { high_watermark_advanced, alter_partition, isr_change, ..Effects::default() }
    }

    /// Looks for replicas that fell behind; to be called every half `replica.lag.time.max.ms`,
    /// and every quarter of `replica_silence_max_ms` for those that do not fetch at all.
    ///
    /// A live follower fetches at least every `replica.fetch.wait.max.ms`. One that does not, while
    /// appends wait for it, is stopped or cut off; it leaves the ISR early if that helps, with
    /// `min.insync.replicas` still met, and if at least half of the replicas stay. `awake_since_ms`
    /// is when this broker itself last was suspended or overloaded: what it did not hear then says
    /// nothing about the followers.
    pub fn tick(&mut self, brokers: &dyn Brokers, now_ms: i64, awake_since_ms: i64) -> Effects {
        let epochs = (self.leader_epoch, self.partition_epoch);
        let end_offset = self.tail.end_offset();
        let half = self.replicas.len().div_ceil(2);
        let silence_max_ms = self.config.replica_silence_max_ms;
        let is_new_to_us = now_ms - awake_since_ms < silence_max_ms;
        let shrink = Shrink {
            now_ms,
            heard_since_ms: if is_new_to_us { i64::MIN } else { now_ms - silence_max_ms },
            keep: half.max(self.effective_min_isr()),
        };
        let Some(leading) = &mut self.leading else { return Effects::default() };
        let alter_partition = leading.maybe_shrink(end_offset, epochs, brokers, shrink);
        let high_watermark_advanced = self.raise_high_watermark(now_ms);
        Effects { high_watermark_advanced, alter_partition, ..Effects::default() }
    }

    /// `min.insync.replicas` of the topic changed. Returns whether the high watermark moved.
    pub fn min_insync_replicas_changed(&mut self, min: usize, now_ms: i64) -> bool {
        self.min_insync_replicas = min;
        self.raise_high_watermark(now_ms)
    }

    /// The log was cut at its end, as a follower has to.
    pub fn truncated(&mut self, end_offset: i64) {
        self.synced = self.synced.map(|synced| synced.min(end_offset));
        self.tail.truncate(end_offset);
    }

    /// The log's first offset moved to `offset` (retention, DeleteRecords).
    pub fn log_start_moved(&mut self, offset: i64) {
        self.tail.start_at_least(offset);
    }

    /// Checks the leader epoch that a client sent (KIP-320); -1 means it sent none.
    ///
    /// # Errors
    /// When the client is behind or ahead of this broker.
    pub fn check_epoch(&self, current: LeaderEpoch) -> Result<(), EpochError> {
        if current.0 < 0 || current == self.leader_epoch {
            Ok(())
        } else if current < self.leader_epoch {
            Err(EpochError::Fenced)
        } else {
            Err(EpochError::Unknown)
        }
    }

    /// Whether an append with acks=all may begin.
    ///
    /// # Errors
    /// When the committed ISR is smaller than `min.insync.replicas`. Nothing must be written then.
    pub fn check_min_isr(&self) -> Result<(), NotEnoughReplicas> {
        let in_sync = self.leading.as_ref().map_or(0, Leader::committed_len);
        let min = self.effective_min_isr();
        if in_sync < min { Err(NotEnoughReplicas { in_sync, min }) } else { Ok(()) }
    }

    /// How an append that ended at `required_offset` (exclusive) and asked for acks=all stands.
    #[must_use]
    pub fn ack(&self, required_offset: i64) -> Ack {
        if self.tail.high_watermark() < required_offset && !is_seeded(Bug::AckWithoutReplicas) {
            return Ack::Pending;
        }
        let in_sync = self.leading.as_ref().map_or(0, Leader::maximal_len);
        if in_sync < self.effective_min_isr() { Ack::NotEnoughReplicas } else { Ack::Done }
    }

    /// Whether this replica leads.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.leading.is_some()
    }

    /// The partition's leader as last told by metadata.
    #[must_use]
    pub fn leader(&self) -> Option<NodeId> {
        self.leader
    }

    /// Epoch of that leader.
    #[must_use]
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.leader_epoch
    }

    /// Epoch of the partition's metadata.
    #[must_use]
    pub fn partition_epoch(&self) -> PartitionEpoch {
        self.partition_epoch
    }

    /// Assigned replicas.
    #[must_use]
    pub fn replicas(&self) -> &[NodeId] {
        &self.replicas
    }

    /// The committed in-sync replicas, when this replica leads.
    #[must_use]
    pub fn isr(&self) -> Vec<NodeId> {
        self.leading.as_ref().map_or_else(Vec::new, Leader::committed)
    }

    /// First offset that consumers must not see yet.
    #[must_use]
    pub fn high_watermark(&self) -> i64 {
        self.tail.high_watermark()
    }

    /// The next offset to be written.
    #[must_use]
    pub fn end_offset(&self) -> i64 {
        self.tail.end_offset()
    }

    /// Whether the committed ISR is below `min.insync.replicas`.
    #[must_use]
    pub fn is_under_min_isr(&self) -> bool {
        self.is_leader() && self.check_min_isr().is_err()
    }

    /// Whether LATEST can be answered: the high watermark reached this leader epoch (KIP-207).
    #[must_use]
    pub fn is_caught_up_with_epoch(&self) -> bool {
        self.leading
            .as_ref()
            .is_some_and(|leading| self.tail.high_watermark() >= leading.epoch_start())
    }

    /// How much has become readable, for the waiting fetches.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.tail.progress()
    }

    fn effective_min_isr(&self) -> usize {
        if is_seeded(Bug::IgnoreMinIsr) {
            return 1;
        }
        self.min_insync_replicas.min(self.replicas.len())
    }

    fn raise_high_watermark(&mut self, now_ms: i64) -> bool {
        let min = self.effective_min_isr();
        let Some(leading) = &self.leading else { return false };
        if leading.committed_len() < min {
            return false;
        }
        let reached = leading.reached_by_all(self.tail.end_offset(), now_ms);
        let synced = self.synced.filter(|_| !is_seeded(Bug::SkipSyncBeforeAck));
        self.tail.raise(synced.map_or(reached, |synced| reached.min(synced)))
    }
}
