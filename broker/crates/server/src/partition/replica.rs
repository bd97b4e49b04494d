//! One partition's replica on this broker: its log and its replication state.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use barnabas_bugs::{Bug, is_seeded};
use barnabas_replication::{LeaderEpoch, Metadata, Partition, Progress, RoleChange};
use barnabas_storage::{Log, LogError};

use super::{Fault, LogDir, PartitionKey, Settings};
use crate::metrics::TopicCounters;

/// A replica. Locks are taken in the order of the fields; none is held while waiting for another
/// task.
#[derive(Debug)]
pub struct Replica {
    /// Which partition.
    pub key: PartitionKey,
    /// The log directory that it lies in.
    dir: ArcSwap<LogDir>,
    /// The log. Leaders append through [`Replica::produce`] and [`Replica::append`] only.
    pub log: Log,
    pub(super) settings: ArcSwap<Settings>,
    /// Held from the look at the role until the append is in `core`: offsets are given out in
    /// the order in which `core` learns of them, and only by a leader.
    pub(super) appending: Mutex<()>,
    pub(super) core: Mutex<Partition>,
    /// What is counted of its topic.
    pub counters: Arc<TopicCounters>,
    /// Records appended since the last sync, for `flush.messages`.
    pub(super) unflushed: AtomicI64,
    /// Whether consumers have read here under the present leader, who is another broker (KIP-392).
    pub(super) has_readers: AtomicBool,
}

/// What consumers may read, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) high_watermark: i64,
    pub(super) last_stable: i64,
    pub(super) end: i64,
    pub(super) progress: Progress,
    pub(super) leader_epoch: LeaderEpoch,
}

impl Replica {
    pub(super) fn new(
        key: PartitionKey,
        dir: Arc<LogDir>,
        log: Log,
        core: Partition,
        settings: Arc<Settings>,
        counters: Arc<TopicCounters>,
    ) -> Self {
        let mut core = core;
        core.count_synced_only(settings.syncs_every_append(), 0);
        Self {
            key,
            dir: ArcSwap::new(dir),
            log,
            settings: ArcSwap::new(settings),
            appending: Mutex::new(()),
            core: Mutex::new(core),
            counters,
            unflushed: AtomicI64::new(0),
            has_readers: AtomicBool::new(false),
        }
    }

    /// The log directory that it lies in; another one after a move.
    #[must_use]
    pub fn dir(&self) -> Arc<LogDir> {
        self.dir.load_full()
    }

    /// The log lies in another log directory now.
    pub(super) fn set_dir(&self, dir: Arc<LogDir>) {
        self.dir.store(dir);
    }

    /// Whether it lies in this log directory.
    #[must_use]
    pub fn is_in(&self, dir: &Arc<LogDir>) -> bool {
        Arc::ptr_eq(&self.dir.load(), dir)
    }

    /// Whether its log directory failed: it neither leads nor follows until the next start.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.dir.load().is_offline()
    }

    /// Takes note of what a failure says about the log directory.
    pub(super) fn judge(&self, fault: &Fault) {
        let Some(error) = fault.disk() else { return };
        let dir = self.dir.load();
        dir.judge(error);
        if self.log.has_failed() {
            // Its end is unknown, and only a start can tell.
            dir.take_offline(error);
        }
    }

    pub(super) fn check_online(&self) -> Result<(), Fault> {
        if self.is_offline() { Err(Fault::Offline) } else { Ok(()) }
    }

    /// Topic name.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.log.partition().topic
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// The leader epoch, if this broker leads.
    #[must_use]
    pub fn leading_epoch(&self) -> Option<LeaderEpoch> {
        let core = self.core();
        core.is_leader().then(|| core.leader_epoch())
    }

    /// The high watermark.
    #[must_use]
    pub fn high_watermark(&self) -> i64 {
        self.core().high_watermark()
    }

    /// First offset that a read_committed consumer must not see.
    #[must_use]
    pub fn last_stable_offset(&self) -> i64 {
        self.bounds(&self.core()).last_stable
    }

    /// Looks at the replication state.
    pub fn inspect<T>(&self, look: impl FnOnce(&Partition) -> T) -> T {
        look(&self.core())
    }

    pub(super) fn core(&self) -> MutexGuard<'_, Partition> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn bounds(&self, core: &Partition) -> Bounds {
        let high_watermark = core.high_watermark();
        let unstable = self.log.first_unstable_offset();
        Bounds {
            high_watermark,
            last_stable: unstable.map_or(high_watermark, |offset| offset.min(high_watermark)),
            end: core.end_offset(),
            progress: core.progress(),
            leader_epoch: core.leader_epoch(),
        }
    }

    /// Takes over what the metadata says about the partition.
    pub(super) fn apply_metadata(&self, metadata: &Metadata, now_ms: i64) -> RoleChange {
        let _appending = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut core = self.core();
        let change = core.apply_metadata(metadata, now_ms);
        if matches!(change, RoleChange::Leader | RoleChange::Follower) {
            self.has_readers.store(false, Ordering::Relaxed);
        }
        if change == RoleChange::Leader {
            let (epoch, start) = (core.leader_epoch().0, core.end_offset());
            // A broker that starts goes through metadata of the past, and may have led in it. What
            // its log has of later epochs is not forgotten for that.
            if self.log.latest_epoch().is_none_or(|latest| latest.epoch < epoch) {
                self.log.assign_epoch(epoch, start);
            }
        }
        self.log.set_high_watermark(core.high_watermark());
        if change == RoleChange::Follower && is_seeded(Bug::CutToHighWatermark) {
            // What cannot be cut stays.
            let _ = self.log.truncate_to(core.high_watermark(), now_ms);
            core.truncated(self.log.end_offset());
        }
        change
    }

    /// Takes over changed configs. Returns whether the high watermark moved.
    pub(super) fn apply_settings(&self, settings: Arc<Settings>, now_ms: i64) -> bool {
        self.log.set_config(settings.log.clone());
        let (min, synced_only) = (settings.min_insync_replicas, settings.syncs_every_append());
        self.settings.store(settings);
        let mut core = self.core();
        let moved = core.min_insync_replicas_changed(min, now_ms)
            | core.count_synced_only(synced_only, now_ms);
        if moved {
            self.log.set_high_watermark(core.high_watermark());
        }
        moved
    }

    /// The log was synced. Returns what can be read now, if the high watermark moved.
    pub(super) fn synced(&self, now_ms: i64) -> Option<Progress> {
        // A cut that came meanwhile has lowered it.
        let end_offset = self.log.recovery_point();
        let mut core = self.core();
        if !core.synced(end_offset, now_ms) {
            return None;
        }
        self.log.set_high_watermark(core.high_watermark());
        Some(core.progress())
    }

    /// Moves the log's start up, as DeleteRecords asks; -1 stands for the high watermark. Returns
    /// the log's start.
    ///
    /// # Errors
    /// `NotLeader`, or `OutOfRange` above the high watermark.
    pub fn delete_records(&self, before: i64) -> Result<i64, Fault> {
        self.check_online()?;
        let mut core = self.core();
        if !core.is_leader() {
            return Err(Fault::NotLeader);
        }
        let high_watermark = core.high_watermark();
        let offset = if before == -1 { high_watermark } else { before };
        if !(0..=high_watermark).contains(&offset) {
            return Err(Fault::OutOfRange);
        }
        if self.log.increment_start_offset(offset)? {
            core.log_start_moved(offset);
        }
        Ok(self.log.start_offset())
    }

    /// Deletes what retention no longer keeps.
    pub(super) fn apply_retention(&self, now_ms: i64) -> Result<usize, LogError> {
        let deleted = self.log.apply_retention(now_ms)?.deleted();
        self.log.remove_deleted(now_ms)?;
        if deleted > 0 {
            self.core().log_start_moved(self.log.start_offset());
        }
        Ok(deleted)
    }
}
