//! Closing the active segment and starting the next.

use std::sync::Arc;

use super::{Log, LogError, Writer};
use crate::disk::{DiskError, lock};
use crate::segment::Segment;

impl Log {
    /// Closes the active segment unless it is empty; returns whether it did. The closed segment
    /// is not synced: a flush does that.
    ///
    /// # Errors
    /// If the disk fails; the log is as before.
    pub fn roll(&self, now_ms: i64) -> Result<bool, LogError> {
        let mut writer = lock(&self.writer);
        if self.has_failed() {
            return Err(LogError::Offline);
        }
        let view = lock(&self.view).clone();
        if view.active().size() == 0 {
            return Ok(false);
        }
        self.roll_locked(&mut writer, view.end, now_ms)?;
        Ok(true)
    }

    pub(super) fn roll_locked(
        &self,
        writer: &mut Writer,
        base: i64,
        now_ms: i64,
    ) -> Result<(), DiskError> {
        let old = Arc::clone(lock(&self.view).active());
        old.seal()?;
        self.take_snapshot(writer)?;
        let next = Segment::create(self.home(), base, now_ms)?;
        lock(&self.view).push(Arc::new(next));
        Ok(())
    }
}
