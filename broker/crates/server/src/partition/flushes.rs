//! Syncs that were asked for, each once for all who asked.

use std::collections::BTreeMap;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::PartitionKey;

/// At most one sync per partition waits, and one more has a time.
#[derive(Debug, Default)]
pub(super) struct Flushes {
    waiting: BTreeMap<PartitionKey, Flush>,
    /// Logs with records that may not stay unsynced for longer.
    timed: BTreeMap<PartitionKey, Instant>,
}

/// A sync that is due.
#[derive(Debug, Default)]
pub(super) struct Flush {
    pub(super) upto: i64,
    /// Told whether it succeeded.
    pub(super) waiting: Vec<oneshot::Sender<bool>>,
}

impl Flushes {
    pub(super) fn soon(&mut self, key: PartitionKey, upto: i64) {
        let flush = self.waiting.entry(key).or_default();
        flush.upto = flush.upto.max(upto);
    }

    pub(super) fn wait(&mut self, key: PartitionKey, upto: i64, told: oneshot::Sender<bool>) {
        self.soon(key, upto);
        self.waiting.entry(key).or_default().waiting.push(told);
    }

    /// Sets a time, unless an earlier one is set; returns whether it is the next of all.
    pub(super) fn within(&mut self, key: PartitionKey, at: Instant) -> bool {
        if self.timed.contains_key(&key) {
            return false;
        }
        let is_next = self.next().is_none_or(|next| at < next);
        self.timed.insert(key, at);
        is_next
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.timed.values().min().copied()
    }

    /// What is due now.
    pub(super) fn take(&mut self, now: Instant) -> BTreeMap<PartitionKey, Flush> {
        let due: Vec<_> = self.timed.extract_if(.., |_, at| *at <= now).collect();
        for (key, _) in due {
            self.soon(key, i64::MAX);
        }
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use barnabas_wire::Uuid;

    use super::*;

    fn key(partition: i32) -> PartitionKey {
        PartitionKey { topic: Uuid([1; 16]), partition }
    }

    #[test]
    fn requests_for_one_partition_are_one_sync() {
        let mut flushes = Flushes::default();
        let (told, mut answer) = oneshot::channel();
        flushes.soon(key(0), 7);
        flushes.wait(key(0), 5, told);
        let mut taken = flushes.take(Instant::now());
        let flush = taken.remove(&key(0)).unwrap();
        assert_eq!((flush.upto, flush.waiting.len(), taken.len()), (7, 1, 0));
        flush.waiting.into_iter().for_each(|told| told.send(true).unwrap());
        assert_eq!(answer.try_recv(), Ok(true));
        assert!(flushes.take(Instant::now()).is_empty());
    }

    #[test]
    fn a_log_is_synced_once_its_time_has_come() {
        let mut flushes = Flushes::default();
        let now = Instant::now();
        let (early, late) = (now + Duration::from_millis(10), now + Duration::from_millis(50));
        assert!(flushes.within(key(0), late));
        assert!(flushes.within(key(1), early));
        assert!(!flushes.within(key(1), now), "the first record's time counts");
        assert_eq!(flushes.next(), Some(early));
        assert!(flushes.take(now).is_empty());
        assert_eq!(flushes.take(early).keys().copied().collect::<Vec<_>>(), [key(1)]);
        assert_eq!(flushes.next(), Some(late));
        assert_eq!(flushes.take(late).len(), 1);
        assert_eq!(flushes.next(), None);
    }
}
