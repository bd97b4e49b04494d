//! Leader epochs of a log.

use barnabas_records::BatchHeader;

use super::{Epochs, Log};
use crate::disk::{DiskError, Severity, lock, write_atomically};
use crate::epoch::{EPOCH_FILE, EpochCache, EpochEnd, EpochEntry, render};

impl Log {
    /// Notes that an epoch starts at an offset, as a new leader does before its first append. Does
    /// not block.
    ///
    /// The file is written with the next flush; until then the batches themselves tell it, and an
    /// epoch without any ends where it starts. A broker that takes over a thousand partitions does
    /// not write a thousand files before it serves.
    pub fn assign_epoch(&self, epoch: i32, start_offset: i64) {
        let mut epochs = lock(&self.epochs);
        if epochs.cache.assign(epoch, start_offset) {
            epochs.dirty = true;
        }
    }

    /// The latest epoch. Does not block.
    #[must_use]
    pub fn latest_epoch(&self) -> Option<EpochEntry> {
        lock(&self.epochs).cache.latest()
    }

    /// All epochs. Does not block.
    #[must_use]
    pub fn epochs(&self) -> Vec<EpochEntry> {
        lock(&self.epochs).cache.entries().to_vec()
    }

    /// Where an epoch ends in this log (OffsetForLeaderEpoch). Does not block.
    #[must_use]
    pub fn end_offset_for_epoch(&self, epoch: i32) -> EpochEnd {
        let end = self.end_offset();
        lock(&self.epochs).cache.end_for(epoch, end)
    }

    /// The epoch under which the record at this offset was appended. Does not block.
    #[must_use]
    pub fn epoch_of(&self, offset: i64) -> Option<i32> {
        lock(&self.epochs).cache.epoch_of(offset)
    }

    pub(super) fn note_epochs<'a>(
        &self,
        headers: impl Iterator<Item = &'a BatchHeader>,
    ) -> Result<(), DiskError> {
        let mut epochs = lock(&self.epochs);
        let mut changed = false;
        for header in headers {
            let epoch = header.partition_leader_epoch;
            if epochs.cache.latest().is_none_or(|latest| epoch > latest.epoch) {
                changed |= epochs.cache.assign(epoch, header.base_offset);
            }
        }
        if changed { self.store_epochs(&mut epochs) } else { Ok(()) }
    }

    /// Changes the cache and writes it if it changed.
    pub(super) fn change_epochs(
        &self,
        change: impl FnOnce(&mut EpochCache) -> bool,
    ) -> Result<(), DiskError> {
        let mut epochs = lock(&self.epochs);
        if change(&mut epochs.cache) { self.store_epochs(&mut epochs) } else { Ok(()) }
    }

    /// Makes the epochs durable if they changed.
    pub(super) fn sync_epochs(&self) -> Result<(), DiskError> {
        let mut epochs = lock(&self.epochs);
        if epochs.dirty {
            let content = render(&epochs.cache);
            let path = self.home().path(EPOCH_FILE);
            write_atomically(self.home().disk(), &path, content.as_bytes(), true)?;
            epochs.dirty = false;
        }
        Ok(())
    }

    /// Not synced: a flush does, and after an unclean stop the log tells what is missing. For the
    /// same reason it can wait for space.
    fn store_epochs(&self, epochs: &mut Epochs) -> Result<(), DiskError> {
        epochs.dirty = true;
        let content = render(&epochs.cache);
        let home = self.home();
        match write_atomically(home.disk(), &home.path(EPOCH_FILE), content.as_bytes(), false) {
            Err(error) if error.severity() == Severity::Full => Ok(()),
            written => written,
        }
    }
}
