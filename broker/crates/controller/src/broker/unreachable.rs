//! A broker that cannot be reached any more: fenced before its session expires.

use crate::{Controller, Outcome};

/// How long a process is not suspected again that was suspected wrongly, in milliseconds: a bad
/// network must not take the leaders away from a broker that lives. Its session counts alone.
const SUSPICION_PAUSE_MS: u64 = 30_000;

impl Controller {
    /// The process registered as `broker` under `epoch` ended, as far as its peers can see: its
    /// machine refuses connections to it. Whether it is fenced now because of that.
    ///
    /// One that lives all the same is unfenced by its next heartbeat, and not believed to be gone
    /// again for a while.
    pub(crate) fn broker_unreachable(
        &mut self,
        now_ms: u64,
        broker: i32,
        epoch: i64,
    ) -> Outcome<bool> {
        let registered = self.state.cluster.broker(broker);
        let concerned = registered.is_some_and(|broker| broker.epoch == epoch && !broker.fenced);
        if !concerned || !self.sessions.suspect(broker, now_ms, SUSPICION_PAUSE_MS) {
            return Outcome::new(Vec::new(), false);
        }
        Outcome::new(self.fence_records(&self.state, broker, epoch), true)
    }
}
