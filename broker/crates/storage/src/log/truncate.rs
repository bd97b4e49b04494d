//! Shortening a log at its end and moving its start.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::producers::{list_snapshots, remove_snapshot};
use super::recovery::replay_batch;
use super::view::View;
use super::{Log, LogError, Writer};
use crate::disk::{DiskError, lock};
use crate::producer::Producers;
use crate::segment::{Segment, Walk, WalkError};

impl Log {
    /// Removes every record at or above `offset` (with the whole batch that holds it). The
    /// recovery point is lowered: the caller writes its checkpoint before the next append. Epochs
    /// that start at or above `offset` are forgotten even if they have no records.
    /// Returns whether anything was removed.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn truncate_to(&self, offset: i64, now_ms: i64) -> Result<bool, LogError> {
        let mut writer = lock(&self.writer);
        let view = lock(&self.view).clone();
        if offset >= view.end {
            // A leader that appended nothing left an epoch that starts here; the next leader does
            // not know it.
            self.change_epochs(|epochs| epochs.truncate_tail(offset))?;
            return Ok(false);
        }
        if offset <= view.segments[0].base() {
            self.start_at_locked(&mut writer, offset, now_ms)?;
            return Ok(true);
        }
        let keep = view.floor(offset) + 1;
        let kept = Arc::new(view.segments[..keep].to_vec());
        let last = Arc::clone(&kept[keep - 1]);
        let end = last.base().max(last.end_below(offset).map_err(|e| self.walk_error(e))?);
        *lock(&self.view) = View { segments: kept, start: view.start.min(end), end };
        self.recovery_point.fetch_min(end, Ordering::AcqRel);
        self.high_watermark.fetch_min(end, Ordering::AcqRel);
        let shortened = self.shorten(&mut writer, &view.segments[keep..], &last, end, now_ms);
        if let Err(error) = shortened {
            self.fail();
            return Err(error);
        }
        self.rebuild_producers(end, now_ms)?;
        Ok(true)
    }

    /// Removes what is above the new end, and makes that durable: bytes that came back after a
    /// crash could fit behind new ones. The last segment goes first, so that no crash leaves a
    /// gap.
    fn shorten(
        &self,
        writer: &mut Writer,
        removed: &[Arc<Segment>],
        last: &Segment,
        end: i64,
        now_ms: i64,
    ) -> Result<(), LogError> {
        for segment in removed.iter().rev() {
            self.doom(writer, segment, now_ms)?;
        }
        self.drop_snapshots_above(writer, end)?;
        self.home().sync()?;
        last.truncate_to(end).map_err(|error| self.walk_error(error))?;
        last.sync()?;
        self.change_epochs(|epochs| epochs.truncate_tail(end))?;
        Ok(())
    }

    fn walk_error(&self, error: WalkError) -> LogError {
        LogError::from_walk(self.dir(), error)
    }

    /// Removes everything; the next record gets `offset`.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn truncate_fully_and_start_at(&self, offset: i64, now_ms: i64) -> Result<(), LogError> {
        self.start_at_locked(&mut lock(&self.writer), offset, now_ms)?;
        Ok(())
    }

    /// Moves the start up to `offset` (DeleteRecords, or the leader's start); returns whether it
    /// moved. Segments below it are removed by the next retention run. The caller checks `offset`
    /// against the high watermark and writes the log-start checkpoint.
    ///
    /// # Errors
    /// `OutOfRange` above the log's end.
    pub fn increment_start_offset(&self, offset: i64) -> Result<bool, LogError> {
        let _writer = lock(&self.writer);
        {
            let mut view = lock(&self.view);
            if offset <= view.start {
                return Ok(false);
            }
            if offset > view.end {
                return Err(LogError::OutOfRange { offset, start: view.start, end: view.end });
            }
            view.start = offset;
        }
        self.high_watermark.fetch_max(offset, Ordering::AcqRel);
        self.change_epochs(|epochs| epochs.truncate_head(offset))?;
        lock(&self.producers).truncate_head(offset);
        Ok(true)
    }

    pub(super) fn start_at_locked(
        &self,
        writer: &mut Writer,
        offset: i64,
        now_ms: i64,
    ) -> Result<(), DiskError> {
        let started = self.start_at_unchecked(writer, offset, now_ms);
        if started.is_err() {
            // Some of the old files are gone.
            self.fail();
        }
        started
    }

    fn start_at_unchecked(
        &self,
        writer: &mut Writer,
        offset: i64,
        now_ms: i64,
    ) -> Result<(), DiskError> {
        let old = lock(&self.view).clone();
        for segment in old.segments.iter().rev() {
            self.doom(writer, segment, now_ms)?;
        }
        for snapshot in list_snapshots(&self.home())? {
            remove_snapshot(&self.home(), snapshot)?;
        }
        self.home().sync()?;
        writer.snapshot = None;
        writer.snapshot_is_dirty = false;
        let segment = Segment::create(self.home(), offset, now_ms)?;
        *lock(&self.view) =
            View { segments: Arc::new(vec![Arc::new(segment)]), start: offset, end: offset };
        *lock(&self.producers) = Producers::starting_at(offset);
        self.recovery_point.store(offset, Ordering::Release);
        self.high_watermark.store(offset, Ordering::Release);
        self.change_epochs(crate::epoch::EpochCache::clear)?;
        Ok(())
    }

    fn rebuild_producers(&self, end: i64, now_ms: i64) -> Result<(), LogError> {
        let view = lock(&self.view).clone();
        let mut producers = self.restore_newest(view.start, now_ms)?;
        for segment in view.segments.iter() {
            if segment.size() == 0 || producers.end() >= end {
                continue;
            }
            let file = segment.file()?;
            let from = segment.scan_from(producers.end());
            let mut walk = Walk::new(file.as_ref(), from, segment.size());
            while let Some(placed) = walk.next().map_err(|error| self.walk_error(error))? {
                if placed.header.base_offset >= producers.end() {
                    replay_batch(&mut producers, file.as_ref(), &placed)?;
                    producers.set_end(placed.header.next_offset());
                }
            }
        }
        producers.set_end(end);
        producers.on_high_watermark(self.high_watermark());
        *lock(&self.producers) = producers;
        Ok(())
    }

    fn restore_newest(&self, start: i64, now_ms: i64) -> Result<Producers, LogError> {
        let expiration_ms = self.config().producer_id_expiration_ms;
        for offset in list_snapshots(&self.home())?.into_iter().rev() {
            if let Some(entries) = super::producers::load_snapshot(&self.home(), offset)? {
                return Ok(Producers::restore(entries, offset, now_ms, expiration_ms));
            }
            remove_snapshot(&self.home(), offset)?;
        }
        Ok(Producers::starting_at(start))
    }
}
