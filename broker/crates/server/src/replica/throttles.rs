//! The limits on replication that catches up (KIP-73).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use barnabas_replication::Throttle;

use crate::clock::Clock;

/// One limit for what followers outside of the ISR are sent, one for what this broker takes where
/// it is one.
#[derive(Debug)]
pub struct Throttles {
    clock: Arc<dyn Clock>,
    leader: Mutex<Throttle>,
    follower: Mutex<Throttle>,
}

impl Throttles {
    /// No limits.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, leader: Mutex::default(), follower: Mutex::default() }
    }

    /// Takes over `leader.replication.throttled.rate` and `follower.replication.throttled.rate`.
    pub fn set_rates(&self, leader: i64, follower: i64) {
        let now_ms = self.clock.monotonic_ms();
        lock(&self.leader).set_rate(leader, now_ms);
        lock(&self.follower).set_rate(follower, now_ms);
    }

    /// Whether a leader may send more to a throttled follower now.
    #[must_use]
    pub fn may_send(&self) -> bool {
        lock(&self.leader).wait_ms(self.clock.monotonic_ms()) == 0
    }

    /// A leader sends to a throttled follower.
    pub fn sent(&self, bytes: u64) {
        lock(&self.leader).record(bytes, self.clock.monotonic_ms());
    }

    /// A throttled follower took bytes. Returns when it may ask for more, monotonic ms; `None` for
    /// at once.
    pub fn taken(&self, bytes: u64) -> Option<i64> {
        let now_ms = self.clock.monotonic_ms();
        let mut follower = lock(&self.follower);
        follower.record(bytes, now_ms);
        let wait_ms = follower.wait_ms(now_ms);
        (wait_ms > 0).then(|| now_ms.saturating_add(wait_ms))
    }
}

fn lock(throttle: &Mutex<Throttle>) -> MutexGuard<'_, Throttle> {
    throttle.lock().unwrap_or_else(PoisonError::into_inner)
}
