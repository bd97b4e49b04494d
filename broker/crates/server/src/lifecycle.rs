//! A broker's life in the cluster: it registers, follows the metadata, is fenced and unfenced, and
//! leaves (`org.apache.kafka.server.BrokerLifecycleManager`, `BrokerMetadataPublisher`).

mod assign;
mod beat;
mod controllers;
mod publish;
mod registration;
mod vigil;

pub use registration::Registration;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use barnabas_wire::api::controller_registration::Listener as ControllerListener;
use tokio::sync::{oneshot, watch};

use crate::controller_link::ClusterController;
use crate::http::{BrokerState, Health};
use crate::machine;
use crate::node::Node;
use crate::raft::{MetadataError, MetadataLink, MetadataThread};

/// How a broker behaves in the cluster, and where it is told so.
#[derive(Debug)]
pub struct LifecycleOptions {
    /// What it registers as a broker; none for a node that is a controller only.
    pub registration: Option<Registration>,
    /// The listeners that it registers as a controller; empty for a node that is a broker only.
    pub controller_listeners: Vec<ControllerListener>,
    /// The listener by which the active controller looks after brokers
    /// (`inter.broker.listener.name`); of a broker without it, the first.
    pub inter_broker_listener: String,
    /// `barnabas.broker.silence.timeout.ms`.
    pub silence_timeout: Duration,
    /// `broker.heartbeat.interval.ms`.
    pub heartbeat_interval: Duration,
    /// `initial.broker.registration.timeout.ms`.
    pub registration_timeout: Duration,
    /// `controlled.shutdown.enable`.
    pub controlled_shutdown: bool,
    /// What probes are told.
    pub health: Arc<Health>,
}

/// The broker did not become part of the cluster.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LifecycleError {
    /// The controller refused until the time was over.
    #[error("the broker could not register: {0}")]
    Registration(String),
    /// The metadata log failed.
    #[error("the metadata log failed: {0}")]
    Metadata(Arc<MetadataError>),
}

/// A broker in the cluster.
#[derive(Debug)]
pub struct Lifecycle {
    node: Arc<Node>,
    link: MetadataLink,
    /// Whether others may need this node to decide.
    is_controller: bool,
    applied: watch::Receiver<i64>,
    failure: watch::Receiver<Option<Arc<MetadataError>>>,
    health: Arc<Health>,
    controlled_shutdown: bool,
    epoch: Arc<AtomicI64>,
    /// Asks the heartbeats to leave the cluster; the answer says that the broker may stop.
    leave: Option<oneshot::Sender<oneshot::Sender<()>>>,
}

/// How long a broker asks to leave before it stops all the same.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a controller that stops waits for brokers that stop, too.
const LINGER: Duration = Duration::from_secs(3);

/// A node that has applied all metadata, and is not served yet: as a broker it is fenced.
#[derive(Debug)]
#[must_use = "the node has to enter the cluster"]
pub struct Joining {
    lifecycle: Lifecycle,
    beats: Option<beat::Beats>,
}

/// Brings the node to the door of the cluster: a broker is registered on return, and has applied
/// all metadata.
///
/// # Errors
/// [`LifecycleError`].
pub async fn start(
    node: Arc<Node>,
    thread: MetadataThread,
    options: LifecycleOptions,
) -> Result<Joining, LifecycleError> {
    let LifecycleOptions { registration, controller_listeners, health, .. } = options;
    health.set(BrokerState::Starting);
    let link = MetadataLink::new(&thread);
    let (applied, watcher) = watch::channel(-1);
    let controller = ClusterController::new(&node, &thread, watcher.clone(), &node.dialer);
    // A node is brought into the cluster once.
    let _ = node.controller.set(Arc::new(controller));
    let MetadataThread { published, leadership, failure, .. } = thread;
    publish::start(Arc::clone(&node), published, applied);
    let is_controller = !controller_listeners.is_empty();
    if is_controller {
        let registered =
            controllers::keep_registered(Arc::clone(&node), controller_listeners, watcher.clone());
        machine::spawn(registered);
        let listener = options.inter_broker_listener;
        let options = vigil::VigilOptions { listener, silence: options.silence_timeout };
        let vigil =
            vigil::keep(Arc::clone(&node), link.clone(), leadership, watcher.clone(), options);
        machine::spawn(vigil);
    }
    let epoch = Arc::new(AtomicI64::new(-1));
    let lifecycle = Lifecycle {
        node: Arc::clone(&node),
        link,
        is_controller,
        applied: watcher.clone(),
        failure,
        health: Arc::clone(&health),
        controlled_shutdown: options.controlled_shutdown,
        epoch: Arc::clone(&epoch),
        leave: None,
    };
    let Some(registration) = registration else {
        return Ok(Joining { lifecycle, beats: None });
    };
    let interval = options.heartbeat_interval;
    let mut beats = beat::Beats { node, applied: watcher, interval, epoch, health };
    tokio::select! {
        biased;
        joined = beats.join(&registration, options.registration_timeout) => joined?,
        error = lifecycle.failed() => return Err(LifecycleError::Metadata(error)),
    }
    Ok(Joining { lifecycle, beats: Some(beats) })
}

impl Joining {
    /// Enters the cluster: on return the node leads what it should lead, and may serve. To be
    /// called when clients and other nodes can connect: whoever refuses them counts as gone.
    ///
    /// # Errors
    /// [`LifecycleError`].
    pub async fn enter(self) -> Result<Lifecycle, LifecycleError> {
        let Self { mut lifecycle, beats } = self;
        let Some(mut beats) = beats else {
            lifecycle.health.set(BrokerState::Running);
            return Ok(lifecycle);
        };
        tokio::select! {
            biased;
            () = beats.enter() => {}
            error = lifecycle.failed() => return Err(LifecycleError::Metadata(error)),
        }
        let (node, epoch) = (Arc::clone(&beats.node), Arc::clone(&beats.epoch));
        let assign = assign::send(node, epoch, beats.applied.clone());
        machine::spawn(assign);
        let (leave, leaving) = oneshot::channel();
        lifecycle.leave = Some(leave);
        machine::spawn(beats.run(leaving));
        Ok(lifecycle)
    }
}

impl Lifecycle {
    /// The epoch of the registration: what `.kafka_cleanshutdown` has to say.
    #[must_use]
    pub fn broker_epoch(&self) -> i64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// A way to the metadata thread, for the requests of other quorum members.
    #[must_use]
    pub fn link(&self) -> &MetadataLink {
        &self.link
    }

    /// Waits until the metadata log fails, after which the process must stop.
    pub async fn failed(&self) -> Arc<MetadataError> {
        metadata_failure(&mut self.failure.clone()).await
    }

    /// Leaves the cluster: leaders move away, then the controller allows to stop. To be called
    /// while requests are still served.
    pub async fn leave(&mut self) {
        let Some(leave) = self.leave.take() else {
            return self.health.set(BrokerState::ShuttingDown);
        };
        self.health.set(BrokerState::PendingControlledShutdown);
        let (reply, allowed) = oneshot::channel();
        let wait = self.controlled_shutdown && leave.send(reply).is_ok();
        if wait && tokio::time::timeout(LEAVE_TIMEOUT, allowed).await.is_err() {
            tracing::warn!("stops without the controller's leave");
        }
        self.health.set(BrokerState::ShuttingDown);
    }

    /// Leaves the metadata quorum, whose leader resigns first, and closes the metadata log.
    ///
    /// When a whole cluster is stopped, those who leave it need controllers: these wait a moment
    /// for the brokers that are about to.
    pub async fn stop(&self) {
        if self.is_controller && tokio::time::timeout(LINGER, self.others_left()).await.is_err() {
            tracing::info!("stops before other brokers that want to");
        }
        self.link.shut_down().await;
    }

    async fn others_left(&self) {
        let (me, mut applied) = (self.node.identity.node_id, self.applied.clone());
        let are_leaving = || {
            let image = self.node.image.load();
            image.cluster.brokers().any(|broker| broker.id != me && beat::is_leaving(broker))
        };
        while are_leaving() && applied.changed().await.is_ok() {}
    }
}

async fn metadata_failure(
    failure: &mut watch::Receiver<Option<Arc<MetadataError>>>,
) -> Arc<MetadataError> {
    loop {
        if let Some(error) = failure.borrow_and_update().clone() {
            return error;
        }
        if failure.changed().await.is_err() {
            // The thread ended as it should.
            std::future::pending::<()>().await;
        }
    }
}
