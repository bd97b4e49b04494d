//! Making a log durable, and closing it.

use std::sync::atomic::Ordering;

use barnabas_bugs::{Bug, is_seeded};

use super::{Log, LogError};
use crate::directory::PARTITION_METADATA_FILE;
use crate::disk::{DiskError, OpenMode, Severity, lock};

impl Log {
    /// Makes everything below `upto` durable and moves the recovery point there. Appends and
    /// reads go on meanwhile.
    ///
    /// # Errors
    /// After a failed sync the log is offline: what is on the medium is unknown, and a second
    /// sync would succeed without having written anything. Without space for an index nothing was
    /// synced yet, and the flush can be tried again.
    pub fn flush(&self, upto: i64) -> Result<(), LogError> {
        let _flushing = lock(&self.flushing);
        if self.has_failed() {
            return Err(LogError::Offline);
        }
        let view = lock(&self.view).clone();
        let from = self.recovery_point();
        let upto = upto.min(view.end);
        if upto <= from {
            return Ok(());
        }
        let first = view.floor(from);
        let synced = (first..view.segments.len())
            .filter(|index| view.segments[*index].base() < upto && !is_seeded(Bug::SkipSync))
            .try_for_each(|index| match view.segments[index].sync() {
                // Retention was faster.
                Err(_) if view.segments[index].is_deleted() => Ok(()),
                synced => synced,
            })
            .and_then(|()| self.sync_snapshot(&mut lock(&self.writer)))
            .and_then(|()| self.sync_names());
        if let Err(error) = synced {
            if !matches!(error.severity(), Severity::Full | Severity::Passing) {
                self.fail();
            }
            return Err(error.into());
        }
        // A truncation that ran meanwhile has lowered the end and wins.
        let _writer = lock(&self.writer);
        let end = self.end_offset();
        let point = if end < view.end { from.min(end) } else { upto };
        self.recovery_point.store(point, Ordering::Release);
        Ok(())
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// As [`Log::flush`].
    pub fn flush_all(&self) -> Result<(), LogError> {
        self.flush(self.end_offset())
    }

    /// Flushes, completes the indexes and writes a producer snapshot, so that the next start has
    /// nothing to check. The log must not be appended to afterwards.
    ///
    /// # Errors
    /// As [`Log::flush`]; the log directory must then not be marked as cleanly shut down.
    pub fn close(&self) -> Result<(), LogError> {
        {
            let mut writer = lock(&self.writer);
            self.take_snapshot(&mut writer)?;
            let active = std::sync::Arc::clone(lock(&self.view).active());
            if active.size() > 0 {
                active.seal()?;
            }
        }
        self.flush_all()?;
        // Also if there was nothing else to flush: the next start believes the file.
        self.sync_epochs()?;
        self.release()?;
        Ok(())
    }

    /// Closes the files of an idle log and frees what they need in memory; they are opened again
    /// when needed.
    ///
    /// # Errors
    /// If index entries cannot be written out.
    pub fn release(&self) -> Result<(), LogError> {
        let _writer = lock(&self.writer);
        let view = lock(&self.view).clone();
        for segment in view.segments.iter() {
            segment.release()?;
        }
        Ok(())
    }

    /// [`Log::release`] if nothing was appended or read since the last call.
    ///
    /// # Errors
    /// As [`Log::release`].
    pub fn release_if_idle(&self) -> Result<(), LogError> {
        if self.touched.swap(false, Ordering::Relaxed) { Ok(()) } else { self.release() }
    }

    fn sync_names(&self) -> Result<(), DiskError> {
        self.sync_epochs()?;
        let home = self.home();
        match home.disk().open(&home.path(PARTITION_METADATA_FILE), OpenMode::Write) {
            Ok(file) => file.sync()?,
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        home.sync()
    }
}
