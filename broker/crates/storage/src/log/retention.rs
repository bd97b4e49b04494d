//! Deleting old segments.

use std::sync::Arc;

use super::producers::remove_snapshot;
use super::view::View;
use super::{Log, LogConfig, LogError, Writer};
use crate::disk::{DiskError, Severity, lock};
use crate::segment::Segment;

/// Why a segment goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Segments below the log's start.
    pub below_start: usize,
    /// Segments over `retention.bytes`.
    pub over_size: usize,
    /// Segments older than `retention.ms`.
    pub over_time: usize,
}

impl Retained {
    /// All segments that were deleted.
    #[must_use]
    pub fn deleted(&self) -> usize {
        self.below_start + self.over_size + self.over_time
    }
}

impl Log {
    /// Deletes segments below the log's start, and with `cleanup.policy` delete those over the
    /// size and time limits; only what the high watermark has passed. The log's start moves up.
    /// Their files are renamed now and removed by [`Log::remove_deleted`] after
    /// `file.delete.delay.ms`.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn apply_retention(&self, now_ms: i64) -> Result<Retained, LogError> {
        let mut writer = lock(&self.writer);
        let config = self.config();
        let below_start = self.delete_while(&mut writer, now_ms, |view, index| {
            Ok(view.end_of(index) <= view.start && index + 1 < view.segments.len())
        })?;
        let mut result = Retained { below_start, ..Retained::default() };
        if config.delete {
            result.over_time = self.delete_over_time(&mut writer, &config, now_ms)?;
            result.over_size = self.delete_over_size(&mut writer, &config, now_ms)?;
        }
        Ok(result)
    }

    /// Removes the files of segments that were deleted long enough ago; returns how many files
    /// are left to remove.
    ///
    /// # Errors
    /// If the disk fails; what was not removed is tried again next time.
    pub fn remove_deleted(&self, now_ms: i64) -> Result<usize, DiskError> {
        let mut writer = lock(&self.writer);
        while let Some(at) = writer.doomed.iter().position(|(due, _)| *due <= now_ms) {
            match self.home().disk().remove_file(&writer.doomed[at].1) {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => writer.doomed.swap_remove(at),
            };
        }
        Ok(writer.doomed.len())
    }

    /// Schedules a segment's files for removal.
    pub(super) fn doom(
        &self,
        writer: &mut Writer,
        segment: &Segment,
        now_ms: i64,
    ) -> Result<(), DiskError> {
        let due = now_ms.saturating_add(self.config().file_delete_delay_ms);
        let retired = segment.retire()?;
        writer.doomed.extend(retired.into_iter().map(|path| (due, path)));
        Ok(())
    }

    fn delete_over_time(
        &self,
        writer: &mut Writer,
        config: &LogConfig,
        now_ms: i64,
    ) -> Result<usize, LogError> {
        if config.retention_ms < 0 {
            return Ok(0);
        }
        self.delete_while(writer, now_ms, |view, index| {
            let segment = &view.segments[index];
            let newest = segment.newest_ms()?;
            Ok(now_ms.saturating_sub(newest) > config.retention_ms && segment.size() > 0)
        })
    }

    fn delete_over_size(
        &self,
        writer: &mut Writer,
        config: &LogConfig,
        now_ms: i64,
    ) -> Result<usize, LogError> {
        let Ok(limit) = u64::try_from(config.retention_bytes) else { return Ok(0) };
        let mut excess = self.size().saturating_sub(limit);
        self.delete_while(writer, now_ms, |view, index| {
            let size = view.segments[index].size();
            let goes = size > 0 && size <= excess;
            if goes {
                excess -= size;
            }
            Ok(goes)
        })
    }

    /// Deletes the oldest segments for which `goes` holds, up to the first for which it does not.
    fn delete_while(
        &self,
        writer: &mut Writer,
        now_ms: i64,
        mut goes: impl FnMut(&View, usize) -> Result<bool, DiskError>,
    ) -> Result<usize, LogError> {
        let view = lock(&self.view).clone();
        let high_watermark = self.high_watermark();
        let mut count = 0;
        while count < view.segments.len() && view.end_of(count) <= high_watermark {
            if !goes(&view, count)? {
                break;
            }
            count += 1;
        }
        if count == 0 {
            return Ok(0);
        }
        if count == view.segments.len() {
            self.roll_locked(writer, view.end, now_ms)?;
        }
        self.delete_first(writer, count, now_ms)?;
        Ok(count)
    }

    fn delete_first(&self, writer: &mut Writer, count: usize, now_ms: i64) -> Result<(), LogError> {
        let first_kept = lock(&self.view).segments[count].base();
        let snapshot = if writer.snapshot.is_none_or(|taken| taken < first_kept) {
            self.take_snapshot(writer)
        } else {
            Ok(())
        };
        match snapshot.and_then(|()| self.sync_snapshot(writer)) {
            // Deletion makes space. Should the process die before the next snapshot, producers
            // are forgotten of which nothing else is left.
            Err(error) if error.severity() == Severity::Full => {
                tracing::warn!(%error, "deleting segments without a snapshot of the producers");
            }
            done => done?,
        }
        let deleted: Vec<Arc<Segment>> = {
            let mut view = lock(&self.view);
            let deleted = Arc::make_mut(&mut view.segments).drain(..count).collect();
            view.start = view.start.max(view.segments[0].base());
            deleted
        };
        let start = self.start_offset();
        for segment in &deleted {
            self.doom(writer, segment, now_ms)?;
            remove_snapshot(&self.home(), segment.base())?;
        }
        self.change_epochs(|epochs| epochs.truncate_head(start))?;
        lock(&self.producers).truncate_head(start);
        Ok(())
    }
}
