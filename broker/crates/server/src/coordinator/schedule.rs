//! The one timer of all shards.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use barnabas_replication::Deadlines;
use tokio::sync::Notify;

use super::shard::GroupTime;

/// The next deadline of each shard.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    pending: Mutex<Pending>,
    earlier: Notify,
}

#[derive(Debug, Default)]
struct Pending {
    queue: Deadlines<i32>,
    by_shard: BTreeMap<i32, i64>,
}

impl Schedule {
    /// Sets when a shard has something to do.
    pub(super) fn set(&self, shard: i32, deadline_ms: Option<i64>) {
        let mut pending = self.pending();
        if pending.by_shard.get(&shard).copied() == deadline_ms {
            return;
        }
        let before = pending.queue.next();
        if let Some(old) = pending.by_shard.remove(&shard) {
            pending.queue.remove(old, shard);
        }
        if let Some(deadline) = deadline_ms {
            pending.by_shard.insert(shard, deadline);
            pending.queue.insert(deadline, shard);
            if before.is_none_or(|before| deadline < before) {
                self.earlier.notify_one();
            }
        }
    }

    /// Takes a shard that is due.
    pub(super) fn pop_due(&self, now_ms: i64) -> Option<i32> {
        let mut pending = self.pending();
        let shard = pending.queue.pop_due(now_ms)?;
        pending.by_shard.remove(&shard);
        Some(shard)
    }

    /// Waits until a shard is due.
    pub(super) async fn due(&self, time: &GroupTime) {
        loop {
            let next = self.pending().queue.next();
            let Some(next) = next else {
                self.earlier.notified().await;
                continue;
            };
            let Ok(left) = u64::try_from(next - time.now_ms()) else { return };
            if left == 0 {
                return;
            }
            tokio::select! {
                biased;
                () = self.earlier.notified() => {}
                () = tokio::time::sleep(Duration::from_millis(left)) => {}
            }
        }
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
