//! What handlers share: the node's identity, its cores and its seams.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use arc_swap::ArcSwap;
use barnabas_controller::{Request, Response};
use barnabas_metadata::Image;
use barnabas_replication::{Config, NodeId};
use tokio::sync::watch;

use crate::access::{AllowAll, Authorizer, Quotas, Unlimited};
use crate::api::FetchSessions;
use crate::clock::Clock;
use crate::config::{LiveConfig, RequestBounds};
use crate::controller_link::{ControllerLink, ControllerUnavailable, VoterChange, VoterChanged};
use crate::coordinator::{GroupCoordinator, GroupSettings};
use crate::http::Health;
use crate::machine;
use crate::metrics::Metrics;
use crate::net::{Admission, Limits};
use crate::partition::{LogDir, Partitions};
use crate::peer::{Dialer, Peers};
use crate::producer_ids::ProducerIds;
use crate::replica::{Fetchers, ReplicaSettings, Throttles};

/// Who this node is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `node.id`.
    pub node_id: i32,
    /// Id of the cluster, as in `meta.properties`.
    pub cluster_id: Arc<str>,
}

/// One broker's shared state. There is no other: whatever a handler may look at is a field here.
#[derive(Debug)]
pub struct Node {
    /// Who this node is.
    pub identity: Identity,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Limits of the network layer.
    pub limits: Limits,
    /// Open connections.
    pub admission: Arc<Admission>,
    /// Access control.
    pub authorizer: Arc<dyn Authorizer>,
    /// Quotas.
    pub quotas: Arc<dyn Quotas>,
    /// The metadata of the cluster, as of the last record that this broker has seen committed.
    pub image: ArcSwap<Image>,
    /// The properties file and its overrides: what configs are when nothing dynamic is set.
    pub properties: Arc<BTreeMap<String, String>>,
    /// The partitions that this broker holds.
    pub partitions: Arc<Partitions>,
    /// The groups that this broker coordinates.
    pub groups: Arc<GroupCoordinator>,
    /// Incremental fetch sessions.
    pub sessions: Mutex<FetchSessions>,
    /// Producer ids to give out.
    pub producer_ids: ProducerIds,
    /// Where the node is in its life.
    pub health: Arc<Health>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Bounds of single requests.
    pub bounds: RequestBounds,
    /// Opens connections to other nodes.
    pub dialer: Arc<dyn Dialer>,
    /// Who follows whom.
    pub fetchers: Fetchers,
    /// Connections to brokers, for what is asked of them now and then.
    pub peers: Peers,
    /// The limits on replication that catches up.
    pub throttles: Throttles,
    /// How replication behaves.
    pub replication: ReplicaSettings,
    /// The epoch of this process's registration; -1 before that is in the image.
    pub broker_epoch: watch::Sender<i64>,
    /// The way to the active controller; set once, when there is one.
    pub controller: OnceLock<Arc<dyn ControllerLink>>,
}

/// What a node is made of.
#[derive(Debug)]
pub struct NodeParts {
    /// Who it is.
    pub identity: Identity,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Limits of the network layer.
    pub limits: Limits,
    /// The properties file and its overrides.
    pub properties: Arc<BTreeMap<String, String>>,
    /// The log directories, open.
    pub dirs: Vec<Arc<LogDir>>,
    /// Log directories that could not be opened: they count as failed.
    pub absent_dirs: Vec<PathBuf>,
    /// `replica.lag.time.max.ms`.
    pub replica_lag_time_max_ms: i64,
    /// `max.incremental.fetch.session.cache.slots`.
    pub fetch_session_slots: usize,
    /// Opens connections to other nodes.
    pub dialer: Arc<dyn Dialer>,
}

impl Node {
    /// A node with an empty image, without access control and quotas.
    #[must_use]
    pub fn new(parts: NodeParts) -> Self {
        let NodeParts { identity, clock, limits, properties, dirs, .. } = parts;
        let metrics = Arc::new(Metrics::new());
        let bounds = RequestBounds::new(&properties);
        let replication = ReplicaSettings::new(&properties);
        let client_id = format!("broker-{}", identity.node_id);
        let peers = Peers::new(Arc::clone(&parts.dialer), client_id);
        let throttles = Throttles::new(Arc::clone(&clock));
        let partitions = Partitions::new(
            Config {
                node: NodeId(identity.node_id),
                replica_lag_time_max_ms: parts.replica_lag_time_max_ms,
                replica_silence_max_ms: replication.silence_max_ms(),
            },
            Arc::clone(&clock),
            Arc::clone(&properties),
            dirs,
            parts.absent_dirs,
            Arc::clone(&metrics),
        );
        let partitions = Arc::new(partitions);
        let settings = GroupSettings::new(&properties);
        let groups = GroupCoordinator::new(identity.node_id, settings, Arc::clone(&partitions));
        Self {
            identity,
            clock,
            admission: Arc::new(Admission::new(&limits)),
            limits,
            authorizer: Arc::new(AllowAll),
            quotas: Arc::new(Unlimited),
            image: ArcSwap::from_pointee(Image::default()),
            properties,
            partitions,
            groups: Arc::new(groups),
            sessions: Mutex::new(FetchSessions::new(parts.fetch_session_slots, machine::random())),
            producer_ids: ProducerIds::default(),
            health: Arc::default(),
            metrics,
            bounds,
            dialer: parts.dialer,
            fetchers: Fetchers::new(&replication),
            peers,
            throttles,
            replication,
            broker_epoch: watch::Sender::new(-1),
            controller: OnceLock::new(),
        }
    }

    /// Takes over what an image says about this broker's configs, topics' apart.
    pub fn apply_configs(&self, image: &Image) {
        let live = LiveConfig::new(Arc::clone(&self.properties));
        let live = live.with_image(self.identity.node_id, image);
        let limit = |name| usize::try_from(live.integer(name, i64::MAX)).unwrap_or(usize::MAX);
        self.admission.set_limits(limit("max.connections"), limit("max.connections.per.ip"));
        let rate = live.integer("replica.alter.log.dirs.io.max.bytes.per.second", i64::MAX);
        self.partitions.set_move_rate(rate);
        let rate = |name| live.integer(name, i64::MAX);
        self.throttles.set_rates(
            rate("leader.replication.throttled.rate"),
            rate("follower.replication.throttled.rate"),
        );
        let fetchers = usize::try_from(live.integer("num.replica.fetchers", 1)).unwrap_or(1);
        self.fetchers.resize(&self.partitions, fetchers.max(1));
        self.partitions.set_cordoned(&live.list("cordoned.log.dirs"));
    }

    /// Adds or removes a voter of the metadata quorum, for a principal that may.
    ///
    /// # Errors
    /// When the quorum has no leader.
    pub async fn change_voters(
        &self,
        change: VoterChange,
    ) -> Result<VoterChanged, ControllerUnavailable> {
        match self.controller.get() {
            Some(controller) => controller.change_voters(change).await,
            None => Err(ControllerUnavailable),
        }
    }

    /// Asks the active controller, on behalf of a principal that may ask this. The answer comes
    /// when what it says is committed and in [`Node::image`].
    ///
    /// # Errors
    /// When there is no active controller.
    pub async fn ask_controller(
        &self,
        request: Request,
    ) -> Result<Response, ControllerUnavailable> {
        match self.controller.get() {
            Some(controller) => controller.ask(request).await,
            None => Err(ControllerUnavailable),
        }
    }
}
