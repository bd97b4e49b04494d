//! A machine with one node.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use barnabas_broker::{FirstVoters, Service, StartError, prepare};
use barnabas_server::config::{BrokerConfig, Origin, Settings, SettingsError};
use barnabas_server::machine::Sandbox;
use barnabas_server::{Machine, Node};
use barnabas_storage::SimDisk;
use barnabas_storage::disk::CrashKind;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::clock::SimClock;
use crate::network::SimNetwork;
use crate::random::Random;
use crate::trace::Trace;

/// Port of the clients' listener.
pub const CLIENT_PORT: u16 = 9092;
/// Port of the controllers' listener.
pub const CONTROLLER_PORT: u16 = 9093;

/// What all hosts of a simulation share.
#[derive(Clone, Debug)]
pub struct World {
    /// The network.
    pub network: SimNetwork,
    /// What happens.
    pub trace: Trace,
    /// Where choices come from.
    pub random: Random,
    /// When the simulation began.
    pub start: Instant,
}

/// A machine.
#[derive(Debug)]
pub struct Host {
    /// `node.id`.
    pub id: i32,
    /// Its address.
    pub address: IpAddr,
    /// Its disk.
    pub disk: SimDisk,
    /// Its clock.
    pub clock: Arc<SimClock>,
    /// Milliseconds by which its disk is slower than it was.
    pub disk_delay_ms: Arc<AtomicU64>,
    world: World,
    config: BrokerConfig,
    cluster_id: String,
    voters: FirstVoters,
    process: Option<Process>,
}

#[derive(Debug)]
struct Process {
    sandbox: Sandbox,
    node: Arc<OnceLock<Arc<Node>>>,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<Result<(), StartError>>,
}

/// Address of a node.
#[must_use]
pub fn address_of(id: i32) -> IpAddr {
    IpAddr::from([10, 0, 0, u8::try_from(id).unwrap_or(u8::MAX)])
}

impl Host {
    /// A machine with an empty disk, switched on.
    ///
    /// # Errors
    /// If the settings contradict each other.
    pub fn new(
        world: &World,
        id: i32,
        cluster_id: &str,
        voters: FirstVoters,
        settings: &[(String, String)],
    ) -> Result<Self, SettingsError> {
        let address = address_of(id);
        let mut values = Settings::default();
        for (name, value) in settings {
            values.set(name, value, Origin::Preset)?;
        }
        let disk = SimDisk::new(world.random.number());
        disk.keep_no_trace();
        world.network.attach_disk(address, disk.clone());
        Ok(Self {
            id,
            address,
            disk,
            clock: Arc::new(SimClock::new(world.start)),
            disk_delay_ms: Arc::default(),
            world: world.clone(),
            config: BrokerConfig::new(values)?,
            cluster_id: cluster_id.to_owned(),
            voters,
            process: None,
        })
    }

    /// Where clients connect to; nowhere if it is only a controller.
    #[must_use]
    pub fn clients(&self) -> Option<SocketAddr> {
        self.config.roles.broker.then(|| SocketAddr::new(self.address, CLIENT_PORT))
    }

    /// The running node, once it has started.
    #[must_use]
    pub fn node(&self) -> Option<&Arc<Node>> {
        self.process.as_ref()?.node.get()
    }

    /// Whether there is a process, started or starting.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.process.as_ref().is_some_and(|process| !process.ended.is_finished())
    }

    /// Starts a process.
    pub fn start(&mut self) {
        self.event("starts");
        self.world.network.power_on(self.address);
        let sandbox = self.sandbox();
        let machine = Machine {
            clock: Arc::clone(&self.clock) as _,
            disk: Arc::new(self.disk.clone()),
            network: Arc::new(self.world.network.host(self.address)),
            dialer: Arc::new(self.world.network.host(self.address)),
        };
        let (stop, stopped) = oneshot::channel();
        let node = Arc::new(OnceLock::new());
        let (config, cluster_id) = (self.config.clone(), self.cluster_id.clone());
        let voters = self.voters.clone();
        let (shown, trace, id) = (Arc::clone(&node), self.world.trace.clone(), self.id);
        let ended = sandbox.spawn(async move {
            let lived = Box::pin(live(config, cluster_id, voters, machine, shown, stopped)).await;
            match &lived {
                Ok(()) => trace.event(|| format!("node {id} stopped")),
                Err(error) => trace.event(|| format!("node {id} failed: {error}")),
            }
            lived
        });
        self.process = Some(Process { sandbox, node, stop: Some(stop), ended });
    }

    /// What became of the process that ended by itself; `None` while it runs.
    pub async fn reap(&mut self) -> Option<Result<(), String>> {
        if !self.process.as_ref()?.ended.is_finished() {
            return None;
        }
        let process = self.process.take()?;
        process.sandbox.kill();
        self.world.network.reset_host(self.address);
        Some(match process.ended.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        })
    }

    /// Asks the process to stop, as SIGTERM does.
    pub fn terminate(&mut self) {
        self.event("is asked to stop");
        if let Some(stop) = self.process.as_mut().and_then(|process| process.stop.take()) {
            let _ = stop.send(());
        }
    }

    /// Ends the process, or the machine, at once.
    pub fn crash(&mut self, kind: CrashKind) {
        self.event(match kind {
            CrashKind::Kill => "is killed",
            CrashKind::Power => "loses its power",
        });
        let next = self.disk.restart(kind, self.world.random.number());
        next.keep_no_trace();
        match kind {
            CrashKind::Kill => self.world.network.reset_host(self.address),
            CrashKind::Power => self.world.network.power_off(self.address),
        }
        if let Some(process) = self.process.take() {
            process.sandbox.kill();
        }
        self.disk = next;
        self.world.network.attach_disk(self.address, self.disk.clone());
    }

    /// Stops the process in its tracks, as SIGSTOP does.
    pub fn pause(&self) {
        self.event("is paused");
        if let Some(process) = &self.process {
            process.sandbox.pause();
        }
    }

    /// Lets a paused process go on.
    pub fn resume(&self) {
        self.event("goes on");
        if let Some(process) = &self.process {
            process.sandbox.resume();
        }
    }

    fn event(&self, what: &str) {
        self.world.trace.event(|| format!("node {} {what}", self.id));
    }

    fn sandbox(&self) -> Sandbox {
        let (random, delay) = (self.world.random.fork(), Arc::clone(&self.disk_delay_ms));
        let latency =
            move || random.millis(0..3) + Duration::from_millis(delay.load(Ordering::Relaxed));
        Sandbox::new(self.world.random.number(), Box::new(latency))
    }
}

async fn live(
    config: BrokerConfig,
    cluster_id: String,
    voters: FirstVoters,
    machine: Machine,
    shown: Arc<OnceLock<Arc<Node>>>,
    stopped: oneshot::Receiver<()>,
) -> Result<(), StartError> {
    let dirs = prepare(machine.disk.as_ref(), &config, Some(&cluster_id), &voters)?;
    let service = Box::pin(Service::start(&config, dirs, &machine)).await?;
    let _ = shown.set(Arc::clone(service.node()));
    let failed = tokio::select! {
        biased;
        asked = stopped => {
            if asked.is_err() {
                // Whoever could ask is gone: the simulation is over.
                return Ok(());
            }
            Ok(())
        }
        error = service.failed() => Err(error),
    };
    Box::pin(service.stop()).await?;
    failed
}
