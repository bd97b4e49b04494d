//! A running node: its parts in the order in which they start and stop.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use barnabas_server::config::{AdvertisedListener, BrokerConfig, Listener};
use barnabas_server::http::{BrokerState, HttpServer};
use barnabas_server::lifecycle::{self, Lifecycle, Registration};
use barnabas_server::machine::{self, inherit};
use barnabas_server::net::{
    Bound, ListenerConfig, ListenerRole, Listening, Network, SocketBuffers, bind,
};
use barnabas_server::node::{Identity, NodeParts};
use barnabas_server::partition::{Intervals, LogDir, OpenDirError, expire_waiters, maintain};
use barnabas_server::replica::replicate;
use barnabas_server::{Machine, Node, http, raft};
use barnabas_storage::directory::LockError;
use barnabas_wire::api::broker_registration::Listener as RegisteredListener;
use barnabas_wire::api::controller_registration::Listener as ControllerListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::error::StartError;
use crate::format::{Formatted, do_without};
use crate::options;

/// Time that open requests get to be answered when the node stops.
const DRAIN: Duration = Duration::from_secs(10);
/// Pause between two looks whether all connections have ended.
const DRAIN_STEP: Duration = Duration::from_millis(5);
/// `securityProtocol` of a registered listener.
const PLAINTEXT: i16 = 0;

/// A node that serves.
#[derive(Debug)]
pub struct Service {
    node: Arc<Node>,
    lifecycle: Lifecycle,
    clients: Vec<SocketAddr>,
    http: Option<SocketAddr>,
    /// Followers' fetches and leaders' changes of the ISR.
    replication: JoinHandle<()>,
    /// What runs as long as the process does.
    chores: JoinSet<()>,
    stop: watch::Sender<bool>,
    /// The last to stop: probes are answered until then.
    stop_http: watch::Sender<bool>,
    metadata_dir: PathBuf,
    /// `log.dir.failure.timeout.ms`.
    dir_failure_timeout: Duration,
}

impl Service {
    /// Starts a node on formatted directories; it serves on return.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn start(
        config: &BrokerConfig,
        dirs: Vec<Formatted>,
        machine: &Machine,
    ) -> Result<Self, StartError> {
        let ((stop, stopped), (stop_http, http_stopped)) =
            (watch::channel(false), watch::channel(false));
        let bound = bind_all(machine.network.as_ref(), &config.listeners, config.buffers)?;
        let node = Arc::new(node(config, &dirs, machine)?);
        node.health.set(BrokerState::Starting);
        let mut chores = JoinSet::new();
        let mut http_address = None;
        if let Some(address) = config.http {
            let shown: Arc<dyn HttpServer> = Arc::clone(&node) as _;
            let served = http::serve(address, shown, http_stopped).await;
            let (bound, served) = served.map_err(|source| StartError::Http { address, source })?;
            http_address = Some(bound);
            chores.spawn(served);
        }
        let controllers = controller_endpoints(config, &bound);
        let mut options = options::metadata(config, &dirs, machine, &controllers)?;
        options.active_controller = Some(node.metrics.gauges.active_controller.clone());
        let metadata = raft::start(options)?;
        let (bound, controller_listeners): (Vec<_>, Vec<_>) =
            bound.into_iter().partition(|(_, role)| *role == ListenerRole::Broker);
        let registration = config.roles.broker.then(|| registration(config, &node, &bound));
        let health = Arc::clone(&node.health);
        let registered = controllers.iter().map(controller_listener).collect();
        let options = options::lifecycle(config, registration, registered, health)?;
        // The quorum has to be able to talk before this node can be part of the cluster.
        for (listener, _) in controller_listeners {
            let listening = listen(listener)?;
            chores.spawn(inherit(listening.run(Arc::clone(&node), stopped.clone())));
        }
        let joining = lifecycle::start(Arc::clone(&node), metadata, options).await?;
        // Refused until now: clients go elsewhere, and whoever watches the broker sees that its
        // earlier process has ended.
        let clients = bound.iter().map(|(bound, _)| reachable(bound.address())).collect();
        let listening: Vec<Listening> =
            bound.into_iter().map(|(bound, _)| listen(bound)).collect::<Result<_, _>>()?;
        let lifecycle = joining.enter().await?;
        let replication = machine::spawn(replicate(Arc::clone(&node)));
        start_chores(&mut chores, &node, options::intervals(config)?);
        for listening in listening {
            chores.spawn(inherit(listening.run(Arc::clone(&node), stopped.clone())));
        }
        tracing::info!(
            node_id = config.node_id,
            cluster_id = %node.identity.cluster_id,
            epoch = lifecycle.broker_epoch(),
            ?clients,
            "serving"
        );
        Ok(Self {
            node,
            lifecycle,
            replication,
            clients,
            http: http_address,
            chores,
            stop,
            stop_http,
            metadata_dir: config.metadata_log_dir.clone(),
            dir_failure_timeout: options::dir_failure_timeout(config)?,
        })
    }

    /// What the handlers share.
    #[must_use]
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Addresses that clients of this machine can use.
    pub(crate) fn clients(&self) -> &[SocketAddr] {
        &self.clients
    }

    /// Address of probes and metrics.
    pub(crate) fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    /// Waits for what makes it impossible to go on.
    pub async fn failed(&self) -> StartError {
        let partitions = &self.node.partitions;
        tokio::select! {
            biased;
            error = self.lifecycle.failed() => StartError::MetadataFailed(error),
            loss = partitions.lost(&self.metadata_dir, self.dir_failure_timeout) => loss.into(),
        }
    }

    /// Stops so that nothing has to be recovered: leaders move away, requests are answered, logs
    /// are closed.
    ///
    /// # Errors
    /// If a log cannot be closed: the next start recovers it.
    pub async fn stop(mut self) -> Result<(), StartError> {
        tracing::info!("stopping");
        self.lifecycle.leave().await;
        let epoch = self.lifecycle.broker_epoch();
        // A leader of the quorum resigns while its voters can still reach it.
        self.lifecycle.stop().await;
        self.node.groups.stop();
        // Nobody listens once all listeners have ended.
        let _ = self.stop.send(true);
        self.drain().await;
        self.replication.abort();
        // Nothing is appended once it has ended.
        let _ = (&mut self.replication).await;
        let closed = self.node.partitions.close(epoch).await;
        self.node.health.set(BrokerState::NotRunning);
        let _ = self.stop_http.send(true);
        self.chores.abort_all();
        closed.map_err(StartError::Close)?;
        tracing::info!("stopped");
        Ok(())
    }

    async fn drain(&self) {
        let drained = async {
            while self.node.admission.connections() > 0 {
                tokio::time::sleep(DRAIN_STEP).await;
            }
        };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            let connections = self.node.admission.connections();
            tracing::warn!(connections, "stopping with requests that are not answered");
        }
    }
}

/// Starts what a broker does by itself, beside replication.
fn start_chores(chores: &mut JoinSet<()>, node: &Arc<Node>, intervals: Intervals) {
    for dir in node.partitions.dirs() {
        let partitions = Arc::clone(&node.partitions);
        chores.spawn(inherit(maintain(partitions, Arc::clone(dir), intervals)));
    }
    let waiters = Arc::clone(&node.partitions.waiters);
    chores.spawn(inherit(expire_waiters(waiters, Arc::clone(&node.clock))));
    chores.spawn(inherit(Arc::clone(&node.groups).run_timers()));
}

fn node(config: &BrokerConfig, dirs: &[Formatted], machine: &Machine) -> Result<Node, StartError> {
    let settings = config.settings();
    let threads = settings.number("num.recovery.threads.per.data.dir")?;
    let mut open = Vec::with_capacity(dirs.len());
    let mut absent = config.log_dirs.clone();
    for formatted in dirs.iter().filter(|formatted| config.log_dirs.contains(&formatted.path)) {
        let Formatted { path, meta } = formatted;
        match LogDir::open(Arc::clone(&machine.disk), path, meta.directory_id, threads) {
            Ok(dir) => {
                absent.retain(|absent| absent != path);
                open.push(Arc::new(dir));
            }
            Err(OpenDirError::Disk(error) | OpenDirError::Lock(LockError::Disk(error))) => {
                do_without(config, path, error)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    if open.is_empty() {
        return Err(StartError::NoLogDir);
    }
    let cluster_id = dirs.first().map(|dir| dir.meta.cluster_id.as_str()).unwrap_or_default();
    Ok(Node::new(NodeParts {
        identity: Identity { node_id: config.node_id, cluster_id: Arc::from(cluster_id) },
        clock: Arc::clone(&machine.clock),
        limits: config.limits,
        properties: config.file(),
        dirs: open,
        absent_dirs: absent,
        replica_lag_time_max_ms: settings.number("replica.lag.time.max.ms")?,
        fetch_session_slots: settings.number("max.incremental.fetch.session.cache.slots")?,
        dialer: Arc::clone(&machine.dialer),
    }))
}

fn bind_all(
    network: &dyn Network,
    listeners: &[Listener],
    buffers: SocketBuffers,
) -> Result<Vec<(Bound, ListenerRole)>, StartError> {
    let mut bound = Vec::with_capacity(listeners.len());
    for listener in listeners {
        let socket = bind_one(network, listener, buffers).map_err(|source| StartError::Listen {
            name: listener.name.clone(),
            address: format!("{}:{}", listener.host, listener.port),
            source,
        })?;
        bound.push((socket, listener.role));
    }
    Ok(bound)
}

fn bind_one(
    network: &dyn Network,
    listener: &Listener,
    buffers: SocketBuffers,
) -> io::Result<Bound> {
    let bind_to = |address| {
        let name = Arc::from(listener.name.as_str());
        bind(network, ListenerConfig { name, address, role: listener.role, buffers })
    };
    if listener.host.is_empty() {
        let every = SocketAddr::from((Ipv6Addr::UNSPECIFIED, listener.port));
        return bind_to(every).or_else(|error| {
            if error.kind() == io::ErrorKind::AddrInUse {
                return Err(error);
            }
            // A machine without IPv6.
            bind_to(SocketAddr::from((Ipv4Addr::UNSPECIFIED, listener.port)))
        });
    }
    let address = (listener.host.as_str(), listener.port).to_socket_addrs()?.next();
    bind_to(address.ok_or_else(|| io::Error::other("the host name has no address"))?)
}

fn listen(bound: Bound) -> Result<Listening, StartError> {
    let (name, address) = (bound.name().to_string(), bound.address().to_string());
    bound.listen().map_err(|source| StartError::Listen { name, address, source })
}

fn registration(
    config: &BrokerConfig,
    node: &Node,
    bound: &[(Bound, ListenerRole)],
) -> Registration {
    let dirs = node.partitions.dirs();
    // The epoch counts only if every directory was closed by the same process (KIP-966).
    let complete = node.partitions.absent_dirs().is_empty();
    let mut epochs = dirs.iter().map(|dir| dir.clean_shutdown()?.broker_epoch);
    let first = epochs.next().flatten();
    let agreed = first.filter(|first| complete && epochs.all(|epoch| epoch == Some(*first)));
    Registration {
        broker_id: config.node_id,
        cluster_id: node.identity.cluster_id.to_string(),
        listeners: config.advertised.iter().map(|listener| registered(listener, bound)).collect(),
        rack: config.rack.clone(),
        log_dirs: dirs.iter().map(|dir| dir.id).collect(),
        previous_broker_epoch: agreed.unwrap_or(-1),
    }
}

fn registered(
    advertised: &AdvertisedListener,
    bound: &[(Bound, ListenerRole)],
) -> RegisteredListener {
    let AdvertisedListener { name, host, port } = resolved(advertised, bound);
    RegisteredListener { name, host, port, security_protocol: PLAINTEXT }
}

/// Where other nodes reach this controller.
fn controller_endpoints(
    config: &BrokerConfig,
    bound: &[(Bound, ListenerRole)],
) -> Vec<AdvertisedListener> {
    config.controller_endpoints.iter().map(|listener| resolved(listener, bound)).collect()
}

fn controller_listener(endpoint: &AdvertisedListener) -> ControllerListener {
    ControllerListener {
        name: endpoint.name.clone(),
        host: endpoint.host.clone(),
        port: endpoint.port,
        security_protocol: PLAINTEXT,
    }
}

/// With the port that was taken, and a host.
fn resolved(
    advertised: &AdvertisedListener,
    bound: &[(Bound, ListenerRole)],
) -> AdvertisedListener {
    let port = match advertised.port {
        0 => bound
            .iter()
            .find(|(bound, _)| **bound.name() == *advertised.name)
            .map_or(0, |(bound, _)| bound.address().port()),
        port => port,
    };
    let host = match advertised.host.as_str() {
        "" => host_name(),
        host => host.to_owned(),
    };
    AdvertisedListener { name: advertised.name.clone(), host, port }
}

/// What clients are told when nothing is advertised: the machine's name.
fn host_name() -> String {
    let name = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname"));
    name.map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// An address of this machine for a listener on all of them.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        return SocketAddr::from((IpAddr::V4(Ipv4Addr::LOCALHOST), address.port()));
    }
    address
}
