//! The hosts of a simulation, and who looks after them.

use std::net::SocketAddr;
use std::time::Duration;

use barnabas_server::config::SettingsError;
use barnabas_storage::disk::CrashKind;
use tokio::time::Instant;

use crate::host::{Host, World};
use crate::scenario::{Member, Scenario};

/// The cluster's id.
const CLUSTER_ID: &str = "c2ltdWxhdGlvbi1vZi1pdA";
/// How often it is looked whether a process has ended.
const LOOK: Duration = Duration::from_millis(50);

/// The hosts.
#[derive(Debug)]
pub struct Cluster {
    /// The hosts, by id from 1.
    pub hosts: Vec<Host>,
    world: World,
}

impl Cluster {
    /// Hosts with empty disks, none of which runs.
    ///
    /// # Errors
    /// If the settings contradict each other.
    pub fn new(world: &World, scenario: &Scenario) -> Result<Self, SettingsError> {
        let host = |member: &Member| {
            let (settings, voters) = (scenario.settings_of(*member), scenario.first_voters());
            Host::new(world, member.id, CLUSTER_ID, voters, &settings)
        };
        let hosts = scenario.members.iter().map(host).collect::<Result<_, _>>()?;
        Ok(Self { hosts, world: world.clone() })
    }

    /// What the hosts share.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Where clients connect to.
    #[must_use]
    pub fn bootstrap(&self) -> Vec<SocketAddr> {
        self.hosts.iter().filter_map(Host::clients).collect()
    }

    /// Starts every host that does not run.
    pub fn start(&mut self) {
        for host in &mut self.hosts {
            if !host.is_running() {
                host.start();
            }
        }
    }

    /// Buries processes that ended by themselves; returns those hosts.
    pub async fn reap(&mut self) -> Vec<usize> {
        let mut ended = Vec::new();
        for (index, host) in self.hosts.iter_mut().enumerate() {
            if host.reap().await.is_some() {
                ended.push(index);
            }
        }
        ended
    }

    /// Stops every host as SIGTERM does, waits, and ends those that do not.
    pub async fn stop(&mut self, patience: Duration) {
        for host in &mut self.hosts {
            host.terminate();
        }
        let deadline = Instant::now() + patience;
        while self.hosts.iter().any(Host::is_running) && Instant::now() < deadline {
            tokio::time::sleep(LOOK).await;
        }
        self.reap().await;
        for host in &mut self.hosts {
            if host.is_running() {
                host.crash(CrashKind::Kill);
            }
        }
    }
}
