//! Fetch requests that wait for bytes (`DelayedFetch`).

use std::collections::{BTreeMap, BTreeSet};

use super::WaitId;
use crate::deadlines::Deadlines;
use crate::partition::Progress;

/// A fetch request as it begins to wait. One that already has an error, a diverging epoch or a
/// preferred replica to tell must be answered and not wait.
#[derive(Debug)]
pub struct FetchWait<K, T> {
    /// When it is answered with whatever there is.
    pub deadline_ms: i64,
    /// Bytes that end the wait, summed over the partitions.
    pub min_bytes: u64,
    /// What it waits for.
    pub partitions: Vec<WaitingFetch<K>>,
    /// Handed back on completion.
    pub token: T,
}

/// One partition of a waiting fetch.
#[derive(Debug)]
pub struct WaitingFetch<K> {
    /// The partition.
    pub partition: K,
    /// How far this fetch may read.
    pub bound: Bound,
    /// Bytes that the read found already.
    pub available: u64,
    /// No more than this counts (the request's partition limit).
    pub max_bytes: u64,
    /// [`crate::Partition::progress`] when it was read.
    pub seen: Progress,
}

/// How far a fetch may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A follower: to the log's end.
    LogEnd,
    /// A consumer: to the high watermark.
    HighWatermark,
    /// A follower that consumers read from: to the log's end, and the wait is over when the high
    /// watermark moves.
    Both,
}

/// The waiting fetch requests of one broker.
#[derive(Debug)]
pub struct FetchPurgatory<K, T> {
    next_id: u64,
    waits: BTreeMap<WaitId, FetchWait<K, T>>,
    watchers: BTreeSet<(K, WaitId)>,
    deadlines: Deadlines<WaitId>,
}

impl<K, T> Default for FetchPurgatory<K, T> {
    fn default() -> Self {
        Self {
            next_id: 0,
            waits: BTreeMap::new(),
            watchers: BTreeSet::new(),
            deadlines: Deadlines::default(),
        }
    }
}

impl<K: Clone + Ord, T> FetchPurgatory<K, T> {
    /// Starts to wait.
    ///
    /// The caller reports every partition's present progress with [`Self::progressed`] afterwards,
    /// so that bytes which came between the read and this call are not missed.
    pub fn wait(&mut self, wait: FetchWait<K, T>) -> WaitId {
        let id = WaitId(self.next_id);
        self.next_id += 1;
        for waiting in &wait.partitions {
            self.watchers.insert((waiting.partition.clone(), id));
        }
        self.deadlines.insert(wait.deadline_ms, id);
        self.waits.insert(id, wait);
        id
    }

    /// More of a partition can be read. Returns the requests that have enough bytes.
    pub fn progressed(&mut self, partition: &K, progress: Progress) -> Vec<T> {
        let mut finished = Vec::new();
        for id in watching(&self.watchers, partition) {
            let Some(wait) = self.waits.get_mut(&id) else { continue };
            for waiting in &mut wait.partitions {
                if waiting.partition == *partition {
                    waiting.progressed(progress);
                }
            }
            let available: u64 = wait.partitions.iter().map(|w| w.available.min(w.max_bytes)).sum();
            if available >= wait.min_bytes {
                finished.extend(self.finish(id));
            }
        }
        finished
    }

    /// A partition has something to tell that bytes cannot: leadership or epoch changed, the log
    /// was truncated or deleted, an error. Returns all requests that wait for it.
    pub fn interrupted(&mut self, partition: &K) -> Vec<T> {
        watching(&self.watchers, partition).into_iter().filter_map(|id| self.finish(id)).collect()
    }

    /// Finishes what has waited long enough.
    pub fn expire(&mut self, now_ms: i64) -> Vec<T> {
        let mut finished = Vec::new();
        while let Some(id) = self.deadlines.pop_due(now_ms) {
            finished.extend(self.finish(id));
        }
        finished
    }

    /// Forgets a request whose client has gone.
    pub fn cancel(&mut self, id: WaitId) -> Option<T> {
        self.finish(id)
    }

    /// Whether anybody waits for the partition.
    #[must_use]
    pub fn is_watched(&self, partition: &K) -> bool {
        !watching(&self.watchers, partition).is_empty()
    }

    /// When [`Self::expire`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        self.deadlines.next()
    }

    /// How many requests wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waits.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waits.is_empty()
    }

    fn finish(&mut self, id: WaitId) -> Option<T> {
        let wait = self.waits.remove(&id)?;
        self.deadlines.remove(wait.deadline_ms, id);
        for waiting in wait.partitions {
            self.watchers.remove(&(waiting.partition, id));
        }
        Some(wait.token)
    }
}

impl<K> WaitingFetch<K> {
    fn progressed(&mut self, progress: Progress) {
        if self.bound == Bound::Both
            && progress.high_watermark_bytes > self.seen.high_watermark_bytes
        {
            self.available = u64::MAX;
        }
        let (before, after) = match self.bound {
            Bound::LogEnd | Bound::Both => (self.seen.log_end_bytes, progress.log_end_bytes),
            Bound::HighWatermark => (self.seen.high_watermark_bytes, progress.high_watermark_bytes),
        };
        // Reports of two appends may overtake each other: an older one adds nothing.
        if after > before {
            self.available = self.available.saturating_add(after - before);
            self.seen = progress;
        }
    }
}

/// The requests that wait for `partition`, oldest first. No allocation when nobody does.
pub(super) fn watching<K: Clone + Ord>(
    watchers: &BTreeSet<(K, WaitId)>,
    partition: &K,
) -> Vec<WaitId> {
    let first = (partition.clone(), WaitId(0));
    let last = (partition.clone(), WaitId(u64::MAX));
    watchers.range(first..=last).map(|(_, id)| *id).collect()
}
