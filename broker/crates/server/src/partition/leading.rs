//! What a leader does for its followers.

use std::sync::Arc;

use barnabas_replication::{
    AlterPartition, AlterPartitionAnswer, Brokers, Effects, FollowerFetch, FollowerFetchError,
    IsrChange, NodeId,
};

use super::{Fault, Partitions, Replica};

impl Partitions {
    /// A follower fetched. Returns the high watermark to tell it.
    ///
    /// # Errors
    /// When the fetch is not from a current replica of a partition led here.
    pub fn follower_fetched(
        &self,
        replica: &Arc<Replica>,
        fetch: &FollowerFetch,
        brokers: &dyn Brokers,
    ) -> Result<i64, FollowerFetchError> {
        let now_ms = self.clock().monotonic_ms();
        let mut core = replica.core();
        let effects = core.follower_fetched(fetch, brokers, now_ms)?;
        let high_watermark = core.high_watermark();
        drop(core);
        self.carry_out(replica, effects);
        Ok(high_watermark)
    }

    /// Waits until this leader and all its live followers have deleted everything below `before`.
    /// Returns the low watermark.
    ///
    /// # Errors
    /// `NotLeader` if this broker stops to lead.
    pub async fn deleted_everywhere(
        &self,
        replica: &Replica,
        before: i64,
        is_live: impl Fn(NodeId) -> bool,
    ) -> Result<i64, Fault> {
        loop {
            let mut moved = std::pin::pin!(self.starts_moved.notified());
            // From here on no move is missed.
            moved.as_mut().enable();
            let start = replica.log.start_offset();
            let (leads, low) =
                replica.inspect(|core| (core.is_leader(), core.low_watermark(start, &is_live)));
            match low {
                _ if !leads => return Err(Fault::NotLeader),
                Some(low) if low >= before => return Ok(low),
                _ => moved.await,
            }
        }
    }

    /// Looks for followers of a partition that fell behind.
    pub fn look_at_followers(
        &self,
        replica: &Arc<Replica>,
        brokers: &dyn Brokers,
        awake_since_ms: i64,
    ) {
        let now_ms = self.clock().monotonic_ms();
        let effects = replica.core().tick(brokers, now_ms, awake_since_ms);
        self.carry_out(replica, effects);
    }

    /// The controller answered a change of the ISR.
    pub fn alter_answered(
        &self,
        replica: &Arc<Replica>,
        sent: &AlterPartition,
        answer: AlterPartitionAnswer,
        brokers: &dyn Brokers,
    ) {
        let now_ms = self.clock().monotonic_ms();
        let effects = replica.core().alter_answered(sent, answer, brokers, now_ms);
        match effects.isr_change {
            Some(IsrChange::Expanded) => self.metrics.replicas.isr_expands.inc(),
            Some(IsrChange::Shrunk) => self.metrics.replicas.isr_shrinks.inc(),
            None => {}
        }
        self.carry_out(replica, effects);
    }

    /// Registrations of brokers changed.
    pub(super) fn brokers_changed(&self, brokers: &dyn Brokers) {
        let now_ms = self.clock().monotonic_ms();
        for replica in self.all() {
            let moved = replica.core().brokers_changed(brokers, now_ms);
            if moved {
                self.high_watermark_moved(&replica);
            }
        }
    }

    /// Tells the log and whoever waits.
    pub(super) fn high_watermark_moved(&self, replica: &Arc<Replica>) {
        let core = replica.core();
        let (high_watermark, progress) = (core.high_watermark(), core.progress());
        replica.log.set_high_watermark(high_watermark);
        drop(core);
        self.waiters.progressed(replica, progress, true);
    }

    fn carry_out(&self, replica: &Arc<Replica>, effects: Effects) {
        if effects.high_watermark_advanced {
            self.high_watermark_moved(replica);
        } else if effects.isr_change.is_some() {
            // An append may now have too few replicas.
            self.waiters.acknowledge(replica);
        }
        if effects.follower_start_moved {
            self.starts_moved.notify_waiters();
        }
        if let Some(change) = effects.alter_partition {
            self.isr_changes.submit(replica.key, change);
        }
    }
}
