//! What a follower does to its log: appends, cuts and new starts, as its leader has them.

use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use barnabas_records::RecordBatch;
use barnabas_replication::{FetchPosition, Fit, LeaderEpoch, LogEpochs, NodeId, truncation};
use barnabas_storage::{AppendError, AppendInfo, EpochEnd, Log};
use bytes::Bytes;

use super::{Fault, Replica, Waiters};
use crate::clock::Clock;

/// What a leader sent of a partition.
#[derive(Clone, Debug)]
pub struct Replicated {
    /// The leader epoch under which it was fetched.
    pub leader_epoch: LeaderEpoch,
    /// The offset from which on it was fetched.
    pub offset: i64,
    /// Record batches, perhaps none; the last may be cut off.
    pub records: Bytes,
    /// The leader's high watermark.
    pub high_watermark: i64,
    /// The start of the leader's log.
    pub log_start_offset: i64,
}

impl Replica {
    /// Whom to follow and from where; `None` when this broker leads or nobody does.
    #[must_use]
    pub fn following(&self) -> Option<(NodeId, FetchPosition)> {
        if self.is_offline() {
            return None;
        }
        let core = self.core();
        let leader = core.leader().filter(|_| !core.is_leader())?;
        let leader_epoch = core.leader_epoch();
        drop(core);
        Some((leader, self.position(leader_epoch)))
    }

    /// Appends what the leader sent, as it is. Returns where the log stands then, and how many
    /// bytes were appended.
    ///
    /// # Errors
    /// `NotLeader` if this broker no longer follows in that epoch, or why nothing was appended.
    pub fn append_replicated(
        &self,
        sent: &Replicated,
        clock: &dyn Clock,
        waiters: &Waiters,
    ) -> Result<(FetchPosition, u64), Fault> {
        let appending = self.follow(sent.leader_epoch)?;
        let appended = self.append_verbatim(sent, clock)?;
        if let Some(info) = &appended {
            self.core().appended(info.log_end_offset, info.bytes, clock.monotonic_ms());
        }
        if self.settings().syncs_every_append() {
            // The next fetch tells the leader that this replica has it for good.
            self.log.flush_all().map_err(Fault::from).inspect_err(|fault| self.judge(fault))?;
        }
        let mut core = self.core();
        core.synced(self.log.recovery_point(), clock.monotonic_ms());
        let advanced = core.leader_high_watermark(sent.high_watermark);
        if advanced {
            self.log.set_high_watermark(core.high_watermark());
        }
        let start = sent.log_start_offset.min(core.end_offset());
        if start > self.log.start_offset() && self.log.increment_start_offset(start)? {
            core.log_start_moved(start);
        }
        let progress = core.progress();
        drop(core);
        drop(appending);
        if advanced {
            waiters.progressed(self, progress, advanced);
        }
        let bytes = appended.map_or(0, |info| info.bytes);
        Ok((self.position(sent.leader_epoch), bytes))
    }

    /// Cuts the log so that it agrees with its leader, whose log knows `leader_end`. Blocks on the
    /// disk. Returns where the log stands then.
    ///
    /// # Errors
    /// `NotLeader` if this broker no longer follows in that epoch, or those of the disk.
    pub fn agree_with(
        &self,
        leader_epoch: LeaderEpoch,
        leader_end: EpochEnd,
        clock: &dyn Clock,
    ) -> Result<FetchPosition, Fault> {
        let _appending = self.follow(leader_epoch)?;
        let answer = (LeaderEpoch(leader_end.epoch), leader_end.end_offset);
        self.cut_at(truncation(answer, &Epochs(&self.log)), clock)?;
        Ok(self.position(leader_epoch))
    }

    /// Makes the log fit one of the leader's that it has left, as [`Fit`] says. Blocks on the disk.
    /// Returns where the log stands then.
    ///
    /// # Errors
    /// As [`Replica::agree_with`].
    pub fn fit(
        &self,
        leader_epoch: LeaderEpoch,
        fit: Fit,
        clock: &dyn Clock,
    ) -> Result<FetchPosition, Fault> {
        let _appending = self.follow(leader_epoch)?;
        match fit {
            Fit::Cut(end) => self.cut_at(end, clock)?,
            Fit::StartAt(start) => self.restart_at(start, clock)?,
            Fit::Stay => {}
        }
        Ok(self.position(leader_epoch))
    }

    /// Keeps leaders and other followers out, as long as this broker follows in that epoch.
    fn follow(&self, leader_epoch: LeaderEpoch) -> Result<MutexGuard<'_, ()>, Fault> {
        let appending = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let core = self.core();
        let follows = !core.is_leader() && core.leader_epoch() == leader_epoch;
        drop(core);
        if follows { Ok(appending) } else { Err(Fault::NotLeader) }
    }

    fn append_verbatim(
        &self,
        sent: &Replicated,
        clock: &dyn Clock,
    ) -> Result<Option<AppendInfo>, Fault> {
        let end = self.log.end_offset();
        let records = missing(&sent.records, sent.offset, end);
        if records.is_empty() {
            return Ok(None);
        }
        let epoch = sent.leader_epoch.0;
        match self.store(&records, epoch, clock) {
            // The leader's log starts within a batch: an empty log starts with that batch.
            Err(Fault::Append(AppendError::OffsetOutOfOrder { offset, end }))
                if self.log.start_offset() == end && offset >= 0 =>
            {
                self.restart_at(offset, clock)?;
                self.store(&records, epoch, clock)
            }
            stored => stored,
        }
    }

    fn cut_at(&self, offset: i64, clock: &dyn Clock) -> Result<(), Fault> {
        let before = self.log.end_offset();
        let high_watermark = self.high_watermark();
        let cut = self.cut(offset, clock);
        // Also after a failure: it may have been cut, and only its checkpoint not written.
        let end = self.log.end_offset();
        let mut core = self.core();
        core.truncated(end);
        self.log.set_high_watermark(core.high_watermark());
        drop(core);
        if cut? == before {
            return Ok(());
        }
        tracing::info!(
            topic = self.topic(),
            partition = self.key.partition,
            before,
            end,
            high_watermark,
            "cut the log to agree with its leader"
        );
        Ok(())
    }

    fn restart_at(&self, offset: i64, clock: &dyn Clock) -> Result<(), Fault> {
        let before = self.log.end_offset();
        let started = self.start_anew(offset, clock);
        // Also after a failure, as above.
        let end = self.log.end_offset();
        let mut core = self.core();
        core.truncated(end);
        core.log_start_moved(self.log.start_offset());
        drop(core);
        started?;
        tracing::info!(
            topic = self.topic(),
            partition = self.key.partition,
            before,
            offset,
            "started the log anew where its leader's begins"
        );
        Ok(())
    }

    fn position(&self, leader_epoch: LeaderEpoch) -> FetchPosition {
        FetchPosition {
            leader_epoch,
            offset: self.log.end_offset(),
            last_epoch: LeaderEpoch(self.log.latest_epoch().map_or(-1, |latest| latest.epoch)),
            log_start_offset: self.log.start_offset(),
            high_watermark: if self.has_readers.load(Ordering::Relaxed) {
                self.high_watermark()
            } else {
                i64::MAX
            },
        }
    }
}

/// The batches from `end` on, if the fetch began below it: the others were appended when they came
/// from this leader before, and only their sync failed.
fn missing(records: &Bytes, from: i64, end: i64) -> Bytes {
    let mut rest = records.clone();
    while from < end
        && let Ok(batch) = RecordBatch::parse(&rest)
        && batch.header.next_offset() <= end
    {
        rest = rest.slice(batch.header.size()..);
    }
    rest
}

struct Epochs<'a>(&'a Log);

impl LogEpochs for Epochs<'_> {
    fn end_of(&self, epoch: LeaderEpoch) -> Option<(LeaderEpoch, i64)> {
        let end = self.0.end_offset_for_epoch(epoch.0);
        (end != EpochEnd::UNDEFINED).then_some((LeaderEpoch(end.epoch), end.end_offset))
    }

    fn end_offset(&self) -> i64 {
        self.0.end_offset()
    }
}

#[cfg(test)]
mod tests {
    use barnabas_records::{BatchBuilder, BatchOptions};

    use super::*;

    fn batch(base_offset: i64) -> Vec<u8> {
        let mut builder = BatchBuilder::new(BatchOptions::default());
        builder.append(0, None, Some(b"value"));
        let mut bytes = builder.build().to_bytes().to_vec();
        bytes[..8].copy_from_slice(&base_offset.to_be_bytes());
        bytes
    }

    #[test]
    fn what_was_appended_and_not_synced_is_not_appended_again() {
        let sent = Bytes::from([batch(5), batch(6), batch(7)].concat());
        assert_eq!(missing(&sent, 5, 5), sent, "nothing was appended");
        assert_eq!(missing(&sent, 5, 7), batch(7), "two were, and the sync failed");
        assert_eq!(missing(&sent, 5, 8), Bytes::new());
        assert_eq!(missing(&sent, 8, 8), sent, "asked for what is missing: to be refused");
    }
}
