//! A cluster of broker processes on loopback, ours or Apache Kafka's: the same settings, the same
//! ways to kill, stop and restart its nodes.

mod node;
mod state;

use std::time::{Duration, Instant};

use barnabas_wire::Uuid;
use tempfile::TempDir;

use crate::failure::{Context, Failure, Result};
use crate::system::System;
use crate::usage;

pub use node::Node;
pub use state::{Partition, Quorum};

/// How long a cluster may take from its start until it takes topics.
const START_MAX: Duration = Duration::from_secs(60);
/// Node ids of controllers that are not brokers begin here.
const FIRST_CONTROLLER: i32 = 100;

/// Where the controllers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controllers {
    /// Every broker is one.
    Combined,
    /// That many processes of their own.
    Separate(usize),
}

/// What cluster to start.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// Whose.
    pub system: &'a System,
    /// How many brokers.
    pub brokers: usize,
    /// Where the controllers are.
    pub controllers: Controllers,
    /// Settings of every node beside those that make it a cluster.
    pub properties: &'a [(&'a str, &'a str)],
}

impl<'a> Plan<'a> {
    /// Three brokers that are controllers too, with default settings.
    pub fn three(system: &'a System) -> Self {
        Self { system, brokers: 3, controllers: Controllers::Combined, properties: &[] }
    }

    /// The same with settings.
    pub fn with(self, properties: &'a [(&'a str, &'a str)]) -> Self {
        Self { properties, ..self }
    }
}

/// A cluster whose processes and folder end with it.
pub struct Cluster {
    system: System,
    nodes: Vec<Node>,
    _folder: TempDir,
}

impl Cluster {
    /// Starts a cluster with a dynamic quorum and waits until all its brokers take requests.
    ///
    /// # Errors
    /// When a node cannot be started, or the cluster does not come up; the failure holds the ends
    /// of the logs.
    pub fn start(plan: &Plan<'_>) -> Result<Self> {
        let folder = TempDir::with_prefix("barnabas-cluster-")?;
        let mut nodes = node::plan(plan, folder.path())?;
        node::format(&mut nodes)?;
        for node in &mut nodes {
            node.start()?;
        }
        let cluster = Self { system: plan.system.clone(), nodes, _folder: folder };
        cluster.await_brokers(plan.brokers, START_MAX).map_err(|error| cluster.explain(&error))?;
        Ok(cluster)
    }

    /// Whose it is.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The brokers' addresses.
    pub fn bootstrap(&self) -> Vec<String> {
        self.nodes.iter().filter_map(Node::address).collect()
    }

    /// All nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The ids of the brokers.
    pub fn brokers(&self) -> Vec<i32> {
        self.nodes.iter().filter(|node| node.address().is_some()).map(Node::id).collect()
    }

    /// The node of an id.
    ///
    /// # Errors
    /// When there is none.
    pub fn node(&self, id: i32) -> Result<&Node> {
        self.nodes.iter().find(|node| node.id() == id).context(format!("no node {id}"))
    }

    /// The node of an id, to be done something to.
    ///
    /// # Errors
    /// When there is none.
    pub fn node_mut(&mut self, id: i32) -> Result<&mut Node> {
        self.nodes.iter_mut().find(|node| node.id() == id).context(format!("no node {id}"))
    }

    /// Kills all nodes with SIGKILL, without time between them.
    pub fn kill_all(&mut self) {
        for node in &self.nodes {
            node.signal(rustix::process::Signal::KILL);
        }
        for node in &mut self.nodes {
            node.kill();
        }
    }

    /// Starts all nodes that do not run.
    ///
    /// # Errors
    /// When a process cannot be started.
    pub fn start_all(&mut self) -> Result<()> {
        self.nodes.iter_mut().filter(|node| node.pid().is_none()).try_for_each(Node::start)
    }

    /// Seconds of CPU that the running nodes have used.
    ///
    /// # Errors
    /// When a process has ended by itself.
    pub fn cpu_seconds(&self) -> Result<f64> {
        self.nodes.iter().filter_map(Node::pid).map(usage::cpu_seconds).sum()
    }

    /// MiB of memory that the running nodes have resident.
    ///
    /// # Errors
    /// When a process has ended by itself.
    pub fn resident_mib(&self) -> Result<f64> {
        self.nodes.iter().filter_map(Node::pid).map(usage::resident_mib).sum()
    }

    /// A failure with the ends of the nodes' logs.
    pub fn explain(&self, error: &Failure) -> Failure {
        let logs: Vec<String> = self.nodes.iter().map(Node::tail).collect();
        Failure::new(format!("{error}\n{}", logs.join("\n")))
    }
}

/// The directory id of a node's metadata directory: known before it is formatted.
fn directory_id(node: i32) -> Uuid {
    let mut bytes = [7; 16];
    bytes[12..].copy_from_slice(&node.to_be_bytes());
    Uuid(bytes)
}

/// Looks until something holds.
///
/// # Errors
/// When it does not within `limit`, with what was seen last.
pub fn until(
    what: &str,
    limit: Duration,
    mut holds: impl FnMut() -> Result<Option<String>>,
) -> Result<Duration> {
    let begun = Instant::now();
    loop {
        let seen = match holds() {
            Ok(None) => return Ok(begun.elapsed()),
            Ok(Some(seen)) => seen,
            Err(error) => error.to_string(),
        };
        if begun.elapsed() > limit {
            return Err(Failure::new(format!("not within {limit:?}: {what}; {seen}")));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
