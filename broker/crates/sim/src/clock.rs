//! The clock of a simulated node.

use std::sync::atomic::{AtomicI64, Ordering};

use barnabas_server::Clock;
use tokio::time::Instant;

/// What the clocks on the wall show when a simulation begins, ms since the epoch.
pub(crate) const EPOCH_MS: i64 = 1_800_000_000_000;

/// Tokio's paused time, and a wall clock that may be wrong.
#[derive(Debug)]
pub struct SimClock {
    start: Instant,
    skew_ms: AtomicI64,
}

impl SimClock {
    /// A clock that is right, started at `start`.
    #[must_use]
    pub fn new(start: Instant) -> Self {
        Self { start, skew_ms: AtomicI64::new(0) }
    }

    /// Sets the clock on the wall forward or back.
    pub fn skew(&self, by_ms: i64) {
        self.skew_ms.fetch_add(by_ms, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn wall_ms(&self) -> i64 {
        EPOCH_MS + self.monotonic_ms() + self.skew_ms.load(Ordering::Relaxed)
    }

    fn monotonic_ms(&self) -> i64 {
        i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}
