//! Registration and heartbeats.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use barnabas_controller::{Request, Response};
use barnabas_metadata::image::BrokerImage;
use barnabas_wire::api::broker_heartbeat::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};
use barnabas_wire::{ErrorCode, Uuid};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::{LifecycleError, Registration};
use crate::http::{BrokerState, Health};
use crate::machine;
use crate::node::Node;

/// Pause after an attempt that failed because no controller is active yet.
const RETRY: Duration = Duration::from_millis(5);
/// Pause after a refusal that another attempt may not meet.
const REFUSED_RETRY: Duration = Duration::from_millis(100);
/// Pause between heartbeats of a broker that waits to be unfenced, or to be let go.
const SOON: Duration = Duration::from_millis(10);
/// How long a broker that wants to leave tries to reach a controller: longer than any fail-over of
/// the controller, shorter than the patience of whoever stops a whole cluster at once.
const UNHEARD: Duration = Duration::from_secs(5);

/// What came of a heartbeat.
enum Beat {
    Heard(BrokerHeartbeatResponse),
    /// Another process is registered under this id, or none.
    Replaced,
    /// Nobody answered, or with something else.
    Unheard,
}

impl Beat {
    /// Whether the controller said so; no if it said nothing.
    fn is(&self, what: impl FnOnce(&BrokerHeartbeatResponse) -> bool) -> bool {
        matches!(self, Self::Heard(response) if what(response))
    }
}

/// What a heartbeat has tried to say.
#[derive(Clone, Copy, Debug)]
struct Told {
    /// Failed log directories.
    offline: usize,
    /// The end of what was applied.
    applied: i64,
}

#[derive(Debug)]
pub(super) struct Beats {
    pub(super) node: Arc<Node>,
    pub(super) applied: watch::Receiver<i64>,
    pub(super) interval: Duration,
    pub(super) epoch: Arc<AtomicI64>,
    pub(super) health: Arc<Health>,
}

impl Beats {
    /// Registers and catches up.
    pub(super) async fn join(
        &mut self,
        registration: &Registration,
        limit: Duration,
    ) -> Result<(), LifecycleError> {
        let mut refusal = String::from("no controller is active");
        let registered = self.register(registration, &mut refusal);
        let Ok(epoch) = timeout(limit, registered).await else {
            return Err(LifecycleError::Registration(refusal));
        };
        self.epoch.store(epoch, Ordering::Release);
        self.health.set(BrokerState::Recovery);
        self.wait_applied(epoch + 1).await;
        self.node.broker_epoch.send_replace(epoch);
        // Only now does the image have everything that the log had when this broker started.
        self.node.partitions.remove_strays().await;
        Ok(())
    }

    /// Has the broker unfenced.
    pub(super) async fn enter(&mut self) {
        while !self.beat(false).await.is(|response| !response.is_fenced) {
            tokio::time::sleep(SOON).await;
        }
        self.wait_unfenced().await;
        self.health.set(BrokerState::Running);
    }

    /// Heartbeats until the broker leaves.
    pub(super) async fn run(self, mut leaving: oneshot::Receiver<oneshot::Sender<()>>) {
        let mut told = Told { offline: 0, applied: *self.applied.borrow() };
        loop {
            tokio::select! {
                biased;
                () = self.due(told) => {
                    told = self.told();
                    if self.beat(false).await.is(|response| response.is_fenced) {
                        tracing::warn!("fenced by the controller");
                    }
                }
                reply = &mut leaving => {
                    let Ok(reply) = reply else { return };
                    self.leave().await;
                    // Whoever asked may have given up.
                    let _ = reply.send(());
                    return;
                }
            }
        }
    }

    /// Asks until the broker may stop, or there is nobody to ask.
    async fn leave(&self) {
        loop {
            match timeout(UNHEARD, self.beat(true)).await {
                Ok(Beat::Heard(response)) if response.should_shut_down => return,
                // Whoever has its place leads what it led.
                Ok(Beat::Replaced) => return,
                Ok(Beat::Heard(_) | Beat::Unheard) => tokio::time::sleep(SOON).await,
                Err(_) => return tracing::warn!("leaves without a controller that knows"),
            }
        }
    }

    async fn register(&self, registration: &Registration, refusal: &mut String) -> i64 {
        let request = registration.request(Uuid(machine::random()));
        loop {
            match self.node.ask_controller(request.clone()).await {
                Ok(Response::BrokerRegistration(response))
                    if response.error_code == ErrorCode::NONE =>
                {
                    return response.broker_epoch;
                }
                Ok(Response::BrokerRegistration(response)) => {
                    let reason = format!("the controller answered {:?}", response.error_code);
                    if *refusal != reason {
                        // Once: a restarted broker is refused until its earlier session ends.
                        tracing::warn!(code = ?response.error_code, "registration refused");
                        *refusal = reason;
                    }
                    tokio::time::sleep(REFUSED_RETRY).await;
                }
                Ok(_) | Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    /// Waits until the interval is over, or the controller has to hear at once: of a log directory
    /// that failed; or how far this broker is, because another one waits for that to stop.
    async fn due(&self, told: Told) {
        tokio::select! {
            biased;
            () = self.node.partitions.more_offline(told.offline) => {}
            () = self.awaited(told.applied) => {}
            () = tokio::time::sleep(self.interval) => {}
        }
    }

    fn told(&self) -> Told {
        let offline = self.node.partitions.offline_dirs().count();
        Told { offline, applied: *self.applied.borrow() }
    }

    async fn awaited(&self, told: i64) {
        let mut applied = self.applied.clone();
        loop {
            let is_news = applied.wait_for(|applied| *applied > told).await.is_ok();
            if is_news && self.node.image.load().cluster.brokers().any(|one| is_leaving(one)) {
                // Leaders move in several steps; each need not be told.
                return tokio::time::sleep(SOON).await;
            }
            if applied.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    async fn beat(&self, want_shut_down: bool) -> Beat {
        let offline: Vec<_> = self.node.partitions.offline_dirs().map(Arc::clone).collect();
        let request = BrokerHeartbeatRequest {
            broker_id: self.node.identity.node_id,
            broker_epoch: self.epoch.load(Ordering::Acquire),
            current_metadata_offset: *self.applied.borrow() - 1,
            want_fence: false,
            want_shut_down,
            offline_log_dirs: offline.iter().map(|dir| dir.id).collect(),
            cordoned_log_dirs: self.cordoned(),
        };
        match self.node.ask_controller(Request::BrokerHeartbeat(request)).await {
            Ok(Response::BrokerHeartbeat(response)) if response.error_code == ErrorCode::NONE => {
                offline.iter().for_each(|dir| dir.set_reported());
                Beat::Heard(response)
            }
            Ok(Response::BrokerHeartbeat(response)) => {
                tracing::warn!(code = ?response.error_code, "heartbeat refused");
                match response.error_code {
                    ErrorCode::STALE_BROKER_EPOCH => Beat::Replaced,
                    _ => Beat::Unheard,
                }
            }
            Ok(_) | Err(_) => Beat::Unheard,
        }
    }

    /// Log directories that get no new partitions, once the metadata can tell (KIP-1066).
    fn cordoned(&self) -> Option<Vec<Uuid>> {
        let version = self.node.image.load().features.metadata_version_or_oldest();
        let dirs = self.node.partitions.dirs().iter();
        let cordoned = dirs.filter(|dir| dir.is_cordoned()).map(|dir| dir.id);
        version.supports_cordoned_log_dirs().then(|| cordoned.collect())
    }

    async fn wait_applied(&mut self, end_offset: i64) {
        // The publisher ends with the process only.
        let _ = self.applied.wait_for(|applied| *applied >= end_offset).await;
    }

    /// The unfencing is committed; now this broker has to apply it, and so to lead. With many
    /// partitions that may take longer than its session.
    async fn wait_unfenced(&mut self) {
        let id = self.node.identity.node_id;
        let mut due = Instant::now() + self.interval;
        loop {
            let image = self.node.image.load_full();
            if image.cluster.broker(id).is_some_and(|broker| !broker.fenced) {
                return;
            }
            tokio::select! {
                biased;
                applied = self.applied.changed() => if applied.is_err() { return },
                () = sleep_until(due) => {
                    self.beat(false).await;
                    due = Instant::now() + self.interval;
                }
            }
        }
    }
}

/// Whether the broker is in a controlled shutdown: it stops when all others know the new leaders.
pub(super) fn is_leaving(broker: &BrokerImage) -> bool {
    broker.in_controlled_shutdown && !broker.fenced
}
