//! The requests that wait for a partition, and the one timer that they share.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use barnabas_replication::{
    AckOutcome, FetchPurgatory, FetchWait, ProducePurgatory, ProduceWait, Progress, WaitId,
};
use tokio::sync::{Notify, oneshot};

use super::{PartitionKey, Replica};
use crate::clock::Clock;

type Acks = Vec<(PartitionKey, AckOutcome)>;

/// No deadline.
const NEVER: i64 = i64::MAX;

/// Waiting Fetch and Produce requests of one broker.
#[derive(Debug)]
pub struct Waiters {
    fetches: Mutex<FetchPurgatory<PartitionKey, oneshot::Sender<()>>>,
    produces: Mutex<ProducePurgatory<PartitionKey, oneshot::Sender<Acks>>>,
    /// Waiting fetches, so that an append that nobody waits for takes no lock.
    fetching: AtomicUsize,
    producing: AtomicUsize,
    /// When the timer fires next, monotonic ms.
    armed_ms: AtomicI64,
    rearm: Notify,
}

impl Default for Waiters {
    fn default() -> Self {
        Self {
            fetches: Mutex::default(),
            produces: Mutex::default(),
            fetching: AtomicUsize::new(0),
            producing: AtomicUsize::new(0),
            armed_ms: AtomicI64::new(NEVER),
            rearm: Notify::new(),
        }
    }
}

impl Waiters {
    /// Waits until a fetch has enough bytes, one of its partitions has something else to tell, or
    /// its deadline passed. `current` tells a partition's progress at this moment.
    ///
    /// A dropped future gives up the wait.
    pub async fn fetch(
        &self,
        partitions: Vec<barnabas_replication::WaitingFetch<PartitionKey>>,
        min_bytes: u64,
        deadline_ms: i64,
        current: impl Fn(&PartitionKey) -> Option<Progress>,
    ) {
        let (token, done) = oneshot::channel();
        let seen: Vec<_> = partitions.iter().map(|wait| (wait.partition, wait.seen)).collect();
        // Counted before it is registered: an append that sees no waiter was before the look at
        // the progress below.
        self.fetching.fetch_add(1, Ordering::SeqCst);
        let id = self.fetches().wait(FetchWait { deadline_ms, min_bytes, partitions, token });
        let _cancel = CancelFetch { waiters: self, id };
        self.arm(deadline_ms);
        for (key, seen) in seen {
            let finished = match current(&key) {
                Some(progress) if progress == seen => continue,
                Some(progress) => self.fetches().progressed(&key, progress),
                None => self.fetches().interrupted(&key),
            };
            wake(finished);
        }
        let _ = done.await;
    }

    /// Waits until each append is replicated, failed, or the deadline passed; says how each ended.
    pub async fn produce(
        &self,
        wait: Vec<barnabas_replication::WaitingProduce<PartitionKey>>,
        deadline_ms: i64,
        replicas: &[Arc<Replica>],
    ) -> Acks {
        let (token, done) = oneshot::channel();
        self.producing.fetch_add(1, Ordering::SeqCst);
        let _counted = Counted(&self.producing);
        self.produces().wait(ProduceWait { deadline_ms, partitions: wait, token });
        self.arm(deadline_ms);
        for replica in replicas {
            self.acknowledge(replica);
        }
        done.await.unwrap_or_default()
    }

    /// A partition's log grew.
    pub fn progressed(&self, replica: &Replica, progress: Progress, high_watermark_moved: bool) {
        if self.fetching.load(Ordering::SeqCst) > 0 {
            let finished = self.fetches().progressed(&replica.key, progress);
            wake(finished);
        }
        if high_watermark_moved && self.producing.load(Ordering::SeqCst) > 0 {
            self.acknowledge(replica);
        }
    }

    /// A partition changed its leader or was removed: nobody waits for it any longer.
    pub fn interrupted(&self, key: &PartitionKey) {
        wake(self.fetches().interrupted(key));
        let lost = self.produces().leadership_lost(key);
        finish(lost);
    }

    /// Requests that wait now: fetches and produces.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        (self.fetches().len(), self.produces().len())
    }

    /// A partition's high watermark or ISR may have changed.
    pub(super) fn acknowledge(&self, replica: &Replica) {
        let core = replica.core();
        let done = self.produces().changed(&replica.key, |required| core.ack(required));
        drop(core);
        finish(done);
    }

    fn expire(&self, now_ms: i64) {
        let fetches = self.fetches().expire(now_ms);
        wake(fetches);
        let produces = self.produces().expire(now_ms);
        finish(produces);
    }

    fn next_deadline(&self) -> i64 {
        let fetch = self.fetches().next_deadline().unwrap_or(NEVER);
        fetch.min(self.produces().next_deadline().unwrap_or(NEVER))
    }

    fn arm(&self, deadline_ms: i64) {
        if deadline_ms < self.armed_ms.load(Ordering::SeqCst) {
            self.rearm.notify_one();
        }
    }

    fn fetches(&self) -> MutexGuard<'_, FetchPurgatory<PartitionKey, oneshot::Sender<()>>> {
        self.fetches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn produces(&self) -> MutexGuard<'_, ProducePurgatory<PartitionKey, oneshot::Sender<Acks>>> {
        self.produces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets requests go whose deadline passed. Runs as long as the broker; sleeps until the earliest
/// deadline.
pub async fn expire_waiters(waiters: Arc<Waiters>, clock: Arc<dyn Clock>) {
    loop {
        let next = waiters.next_deadline();
        waiters.armed_ms.store(next, Ordering::SeqCst);
        let now = clock.monotonic_ms();
        // A wait that was registered before `armed_ms` was stored did not notify.
        if waiters.next_deadline() < next {
            continue;
        }
        if next == NEVER {
            waiters.rearm.notified().await;
            continue;
        }
        let left = Duration::from_millis(u64::try_from(next - now).unwrap_or(0));
        tokio::select! {
            biased;
            () = waiters.rearm.notified() => {}
            () = tokio::time::sleep(left) => waiters.expire(clock.monotonic_ms()),
        }
    }
}

struct CancelFetch<'a> {
    waiters: &'a Waiters,
    id: WaitId,
}

impl Drop for CancelFetch<'_> {
    fn drop(&mut self) {
        self.waiters.fetches().cancel(self.id);
        self.waiters.fetching.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn wake(finished: Vec<oneshot::Sender<()>>) {
    for token in finished {
        let _ = token.send(());
    }
}

fn finish(finished: Vec<(oneshot::Sender<Acks>, Acks)>) {
    for (token, outcomes) in finished {
        let _ = token.send(outcomes);
    }
}
