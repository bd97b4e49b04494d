//! Partitions that this broker should hold and has no log of.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::partition::PartitionKey;

/// Why there is no log.
#[derive(Debug, Default)]
pub(super) struct Unopened {
    /// It could not be opened, which may pass: the volume was full.
    failed: Mutex<BTreeSet<PartitionKey>>,
    /// It may be in a log directory that is not online.
    unknown: Mutex<BTreeSet<PartitionKey>>,
}

impl Unopened {
    pub(super) fn note_failed(&self, key: PartitionKey) {
        lock(&self.failed).insert(key);
    }

    pub(super) fn note_unknown(&self, key: PartitionKey) {
        lock(&self.unknown).insert(key);
    }

    pub(super) fn is_unknown(&self, key: &PartitionKey) -> bool {
        lock(&self.unknown).contains(key)
    }

    /// It is tried again.
    pub(super) fn retry(&self, key: &PartitionKey) {
        lock(&self.failed).remove(key);
    }

    /// It is not this broker's any more.
    pub(super) fn forget(&self, key: &PartitionKey) {
        self.retry(key);
        lock(&self.unknown).remove(key);
    }

    pub(super) fn have_failed(&self) -> bool {
        !lock(&self.failed).is_empty()
    }

    pub(super) fn failed(&self) -> BTreeSet<PartitionKey> {
        lock(&self.failed).clone()
    }
}

fn lock(set: &Mutex<BTreeSet<PartitionKey>>) -> MutexGuard<'_, BTreeSet<PartitionKey>> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}
