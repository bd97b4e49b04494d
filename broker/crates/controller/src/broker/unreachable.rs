//! A broker that cannot be reached any more: fenced before its session expires.

use crate::{Controller, Outcome};

impl Controller {
    /// The process registered as `broker` under `epoch` ended, as far as its peers can see: its
    /// machine refuses connections to it, or it does not answer. Whether that fences it now.
    ///
    /// One that lives all the same is unfenced by its next heartbeat. It is not believed to be gone
    /// again for the time of a session: a bad network must not take the leaders away from a broker
    /// that lives more often than missed heartbeats would.
    pub(crate) fn broker_unreachable(
        &mut self,
        now_ms: u64,
        broker: i32,
        epoch: i64,
    ) -> Outcome<bool> {
        let pause_ms = self.config.session_timeout_ms;
        let registered = self.state.cluster.broker(broker);
        let concerned = registered.is_some_and(|broker| broker.epoch == epoch && !broker.fenced);
        if !concerned || !self.sessions.suspect(broker, now_ms, pause_ms) {
            return Outcome::new(Vec::new(), false);
        }
        Outcome::new(self.fence_records(&self.state, broker, epoch), true)
    }
}
