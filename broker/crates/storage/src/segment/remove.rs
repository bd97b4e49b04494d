//! Shortening and deleting.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::{Largest, Recent, Segment, Suffix, WalkError, file_name};
use crate::disk::{DiskError, lock};
use crate::index::IndexError;

impl Segment {
    /// Cuts off every batch that ends at or above `offset`. Returns the bytes removed.
    pub(crate) fn truncate_to(&self, offset: i64) -> Result<u64, WalkError> {
        let Some(first) = self.find(offset)? else { return Ok(0) };
        let mut state = lock(&self.state);
        state.load_indexes(&self.home, self);
        let kept = state
            .offsets
            .truncate_to(&self.home, first.base_offset)
            .and_then(|()| state.times.truncate_to(&self.home, first.base_offset))
            .and_then(|()| state.txns.truncate_to(&self.home, first.base_offset));
        if let Err(IndexError::Disk(error)) = kept {
            return Err(error.into());
        }
        let old = self.size();
        self.file()?.truncate(first.position)?;
        self.size.store(first.position, Ordering::Release);
        state.dirty = true;
        state.since_entry = 0;
        state.recent = Recent::default();
        if first.position == 0 {
            state.first_timestamp = None;
        }
        drop(state);
        self.relearn_largest()?;
        Ok(old - first.position)
    }

    /// Marks the files for deletion by renaming them; returns their new paths.
    pub(crate) fn retire(&self) -> Result<Vec<PathBuf>, DiskError> {
        self.deleted.store(true, Ordering::Release);
        self.close();
        let mut retired = Vec::new();
        for suffix in [Suffix::Log, Suffix::OffsetIndex, Suffix::TimeIndex, Suffix::TxnIndex] {
            let name = file_name(self.base, suffix);
            let doomed = self.home.path(&format!("{name}.deleted"));
            match self.home.disk().rename(&self.home.path(&name), &doomed) {
                Ok(()) => retired.push(doomed),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(retired)
    }

    /// Drops handles without writing anything out.
    pub(crate) fn close(&self) {
        self.slot.close();
        let mut state = lock(&self.state);
        state.offsets.entries.close();
        state.times.entries.close();
        state.txns.entries.close();
    }

    /// The largest timestamp from the last time index entry and the batches behind it.
    fn relearn_largest(&self) -> Result<(), WalkError> {
        let from = self.scan_from(i64::MAX);
        let file = self.file()?;
        let mut largest = lock(&self.state).times.last();
        let mut walk = super::Walk::new(file.as_ref(), from, self.size());
        while let Some(placed) = walk.next()? {
            let timestamp = placed.header.max_timestamp;
            if timestamp >= 0 && largest.is_none_or(|known| timestamp > known.timestamp) {
                let offset = placed.header.last_offset();
                largest = Some(crate::index::TimeEntry { timestamp, offset });
            }
        }
        lock(&self.state).largest = Largest::Known(largest);
        Ok(())
    }
}
