//! What can happen to a bed: nodes that die, pods that nobody reaches.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::node::Node;
use super::{Bed, network};
use crate::failure::{Context, Result};
use crate::{ensure, program};

/// How long killed processes may take to be gone.
const GONE_MAX: Duration = Duration::from_secs(10);

impl Bed {
    /// Kills a node as a power cut would: its kubelet, its container runtime and all its pods.
    /// Its disks stay.
    ///
    /// # Errors
    /// When there is no such node, or it does not end.
    pub fn kill_node(&self, name: &str) -> Result<()> {
        let node = self.node(name)?;
        let stored = Self::find(self.name())?.context("the bed is gone")?;
        let own = [node.kubelet_name(), node.runtime_name()];
        let daemons: Vec<_> =
            stored.record.daemons.iter().filter(|daemon| own.contains(&daemon.name)).collect();
        for daemon in &daemons {
            daemon.signal(Signal::KILL);
        }
        for pid in node.processes() {
            program::signal_process(pid, Signal::KILL);
        }
        let deadline = Instant::now() + GONE_MAX;
        while daemons.iter().any(|daemon| daemon.is_alive()) {
            ensure!(Instant::now() < deadline, "{name} does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        node.sweep();
        Ok(())
    }

    /// Starts a node that was killed.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_node(&self, name: &str) -> Result<()> {
        let node = self.node(name)?;
        let mut stored = Self::find(self.name())?.context("the bed is gone")?;
        let own = [node.kubelet_name(), node.runtime_name()];
        stored.record.daemons.retain(|daemon| !own.contains(&daemon.name));
        stored.add(vec![node.start_runtime()?])?;
        stored.add(vec![node.start_kubelet()?])
    }

    /// Drops every packet between a pod and the other pods. The kubelet still reaches it, and so
    /// does a client outside of pods: an isolated leader must not acknowledge what it is sent.
    ///
    /// # Errors
    /// When iptables refuses.
    pub fn isolate(&self, pod_address: &str) -> Result<()> {
        self.filter("-I", pod_address)
    }

    /// Ends [`Bed::isolate`].
    ///
    /// # Errors
    /// When the pod was not isolated.
    pub fn rejoin(&self, pod_address: &str) -> Result<()> {
        self.filter("-D", pod_address)
    }

    fn filter(&self, action: &str, address: &str) -> Result<()> {
        for direction in ["-s", "-d"] {
            let mut iptables = network::inside_of(self.slot(), "iptables");
            iptables.args(["-w", action, "FORWARD", direction, address, "-j", "DROP"]);
            program::output(&mut iptables)?;
        }
        Ok(())
    }

    fn node(&self, name: &str) -> Result<Node<'_>> {
        self.layout.nodes().find(|node| node.name() == name).context(format!("no node {name}"))
    }
}
