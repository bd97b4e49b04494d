//! Pauses between attempts to connect.

use std::time::Duration;

use tokio::time::Instant;

use super::PeerError;

/// The first pause after a failure; doubled by each further one. Shorter than Kafka's 50 ms to
/// 1 s: fail-over waits for nodes that come back.
const MIN: Duration = Duration::from_millis(20);
/// The longest pause.
const MAX: Duration = Duration::from_millis(200);

/// When the next attempt may be made, and what the last one came to.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failed: Option<(PeerError, Instant, Duration)>,
}

impl Backoff {
    /// Why no attempt is made now.
    pub(super) fn refusal(&self) -> Option<PeerError> {
        let (error, until, _) = self.failed?;
        (Instant::now() < until).then_some(error)
    }

    pub(super) fn failed(&mut self, error: PeerError) {
        let pause = self.failed.map_or(MIN, |(_, _, pause)| (pause * 2).min(MAX));
        self.failed = Some((error, Instant::now() + pause, pause));
    }

    pub(super) fn succeeded(&mut self) {
        self.failed = None;
    }
}
