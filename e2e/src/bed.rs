//! A real Kubernetes on this host, without Docker: three nodes in three zones, with DNS, Services
//! and volumes. Several beds can live side by side; each is a folder, a network namespace and the
//! processes written down in the folder.

pub mod address;
pub mod binaries;
mod control_plane;
mod faults;
pub mod network;
mod node;
pub mod packages;
mod pki;
pub mod storage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::failure::{Context, Failure, Result};
use crate::image::Image;
use crate::program::{self, Daemon};
use crate::progress::step;
use crate::{ensure, fail};
use address::Slot;
use node::Node;
use pki::Authority;

/// The nodes of a bed, each in its own zone.
pub const NODES: u8 = 3;

/// Where beds live. Short, because the paths of sockets are limited to 108 bytes.
const ROOT: &str = "/var/lib/barnabas";

/// The folder and the programs of a bed.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Its place among the beds of this host.
    pub slot: Slot,
    programs: PathBuf,
}

impl Layout {
    fn root(&self) -> PathBuf {
        Path::new(ROOT).join(self.slot.to_string())
    }

    fn dir(&self, name: &str) -> Result<PathBuf> {
        let path = self.root().join(name);
        fs::create_dir_all(&path).context(path.display())?;
        Ok(path)
    }

    fn pki(&self) -> PathBuf {
        self.root().join("pki")
    }

    fn logs(&self) -> PathBuf {
        self.root().join("logs")
    }

    fn server(&self) -> String {
        format!("https://{}:6443", self.slot.uplink())
    }

    /// One of the programs of Kubernetes, inside the namespace of the bed.
    fn kubernetes(&self, name: &str) -> Command {
        network::inside_of(self.slot, self.programs.join(name))
    }

    fn kubectl(&self) -> Command {
        let mut kubectl = Command::new(self.programs.join("kubectl"));
        kubectl.env("KUBECONFIG", self.pki().join("admin.kubeconfig"));
        kubectl
    }

    fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (1..=NODES).map(|number| Node::new(self, number))
    }
}

/// What is written down about a bed that is up.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    name: String,
    programs: PathBuf,
    daemons: Vec<Daemon>,
}

/// A bed that is up.
#[derive(Debug)]
pub struct Bed {
    layout: Layout,
    record: Record,
}

impl Bed {
    /// Brings up the bed of this name, or returns it if it is up already.
    ///
    /// # Errors
    /// When a program is missing and cannot be installed or built, or does not come up.
    pub fn up(name: &str) -> Result<Self> {
        ensure!(
            rustix::process::geteuid().is_root(),
            "the test bed needs root: network namespaces, mounts and control groups"
        );
        if let Some(bed) = Self::find(name)? {
            if bed.is_alive() {
                return Ok(bed);
            }
            bed.down();
        }
        packages::ensure_node()?;
        let programs = binaries::folder()?;
        let layout = Layout { slot: claim_slot()?, programs: programs.clone() };
        let record = Record { name: name.to_owned(), programs, daemons: Vec::new() };
        let mut bed = Self { layout, record };
        if let Err(error) = bed.start() {
            let logs = bed.layout.logs();
            let kept = Path::new(ROOT).join(format!("failed-{}", bed.layout.slot));
            let _replaced = fs::remove_dir_all(&kept);
            let saved = fs::rename(&logs, &kept).is_ok();
            bed.down();
            let hint = if saved { format!("\nlogs: {}", kept.display()) } else { String::new() };
            fail!("{error}{hint}");
        }
        Ok(bed)
    }

    /// The bed of this name, if there is one.
    ///
    /// # Errors
    /// When its record cannot be read.
    pub fn find(name: &str) -> Result<Option<Self>> {
        Ok(Self::all()?.into_iter().find(|bed| bed.record.name == name))
    }

    /// All beds of this host.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn all() -> Result<Vec<Self>> {
        let mut beds = Vec::new();
        for slot in (0..address::SLOTS).map(Slot) {
            let path = Path::new(ROOT).join(slot.to_string()).join("bed.json");
            let Ok(content) = fs::read(&path) else { continue };
            let record: Record = serde_json::from_slice(&content).context(path.display())?;
            let layout = Layout { slot, programs: record.programs.clone() };
            beds.push(Self { layout, record });
        }
        Ok(beds)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// Its place among the beds of this host.
    pub fn slot(&self) -> Slot {
        self.layout.slot
    }

    /// Its processes.
    pub fn daemons(&self) -> &[Daemon] {
        &self.record.daemons
    }

    /// Do all its processes run?
    pub fn is_alive(&self) -> bool {
        !self.record.daemons.is_empty() && self.record.daemons.iter().all(Daemon::is_alive)
    }

    /// The credentials of the cluster's administrator.
    pub fn kubeconfig(&self) -> PathBuf {
        self.layout.pki().join("admin.kubeconfig")
    }

    /// `kubectl` and `helm` of the same version as the bed are here.
    pub fn programs(&self) -> &Path {
        &self.layout.programs
    }

    /// The folder of its logs.
    pub fn logs(&self) -> PathBuf {
        self.layout.logs()
    }

    /// A command that runs inside its network namespace and resolves the cluster's names.
    pub fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.layout.slot.namespace(), program]);
        command
    }

    /// The processes of this program in pods.
    pub fn processes(&self, program: &str) -> Vec<u32> {
        // The kernel keeps 15 bytes of a program's name.
        let name = program.get(..15).unwrap_or(program);
        let is_named = |pid: &u32| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name)
        };
        self.layout.nodes().flat_map(Node::processes).filter(is_named).collect()
    }

    /// Kills every process of this program in pods, with SIGKILL.
    ///
    /// # Errors
    /// When there is none.
    pub fn kill(&self, program: &str) -> Result<()> {
        let found = self.processes(program);
        ensure!(!found.is_empty(), "no pod runs {program}");
        for pid in found {
            program::signal_process(pid, Signal::KILL);
        }
        Ok(())
    }

    /// Kills the processes of this program in these pods at once, with SIGKILL. The kubelet starts
    /// them again.
    ///
    /// # Errors
    /// When one of the pods does not run it.
    pub fn kill_in_pods(&self, program: &str, uids: &[String]) -> Result<()> {
        let running = self.processes(program);
        let mut found = Vec::new();
        for uid in uids {
            let group = format!("/pod{uid}/");
            let belongs = |pid: &u32| {
                fs::read_to_string(format!("/proc/{pid}/cgroup"))
                    .is_ok_and(|groups| groups.contains(&group))
            };
            let pid = running.iter().copied().find(belongs);
            found.push(pid.context(format!("pod {uid} does not run {program}"))?);
        }
        for pid in found {
            program::signal_process(pid, Signal::KILL);
        }
        Ok(())
    }

    /// Loads an image into every node.
    ///
    /// # Errors
    /// When the archive cannot be written or containerd refuses it.
    pub fn load(&self, image: &Image) -> Result<()> {
        let archive = self.layout.dir("images")?.join("image.tar");
        image.write(&archive)?;
        for node in self.layout.nodes() {
            node.load(&archive).context(&image.name)?;
        }
        Ok(fs::remove_file(&archive)?)
    }

    /// Ends every process of the bed, those in its pods too, and removes all that it made.
    pub fn down(mut self) {
        // A node may have been started again since this bed was found.
        if let Ok(Some(stored)) = Self::find(self.name()) {
            self.record = stored.record;
        }
        let (runtimes, others): (Vec<_>, Vec<_>) =
            self.record.daemons.iter().partition(|daemon| daemon.name.starts_with("containerd"));
        for daemon in others.iter().chain(&runtimes) {
            daemon.signal(Signal::KILL);
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.record.daemons.iter().any(Daemon::is_alive) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        for node in self.layout.nodes() {
            node.sweep();
        }
        unmount_below(&self.layout.root());
        network::remove(self.layout.slot);
        if let Err(error) = fs::remove_dir_all(self.layout.root()) {
            println!("{} is not removed: {error}", self.layout.root().display());
        }
    }

    fn start(&mut self) -> Result<()> {
        let layout = self.layout.clone();
        self.save()?;
        let authority = Authority::create(&layout.pki())?;
        control_plane::certificates(&layout, &authority)?;
        network::build(layout.slot, NODES).context("the network of the bed")?;
        step("start etcd and the API server", || self.add(control_plane::start_api(&layout)?))?;
        step("start three nodes in three zones", || {
            let mut daemons = control_plane::start_controllers(&layout)?;
            daemons.push(self.start_provisioner()?);
            self.add(daemons)?;
            for node in layout.nodes() {
                self.add(vec![node.start_runtime()?])?;
            }
            self.load(&Image::pause())?;
            self.load(&Image::busybox())?;
            for node in layout.nodes() {
                node.admit(&authority)?;
                self.add(vec![node.start_kubelet()?])?;
            }
            Ok(())
        })?;
        step("install the StorageClass and the DNS Service", || {
            let manifest = serde_json::json!({
                "apiVersion": "v1",
                "kind": "List",
                "items": [storage::class(), dns_service(layout.slot), dns_endpoints(layout.slot)],
            });
            let mut apply = layout.kubectl();
            apply.args(["apply", "-f", "-"]);
            program::output_with_input(&mut apply, manifest.to_string().as_bytes())
        })?;
        step("wait until every node is Ready", || self.wait_for_nodes())
    }

    fn wait_for_nodes(&mut self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let mut nodes = self.layout.kubectl();
            nodes.args(["get", "nodes", "-o"]);
            nodes.arg("jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}");
            let listed = program::output(&mut nodes)?;
            if listed.split_whitespace().filter(|status| *status == "True").count() == 3 {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the nodes do not get Ready: '{listed}'");
            self.start_ended_kubelets()?;
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// All kubelets of a host make the same socket for device plugins, and of two that start at
    /// the same moment, one ends.
    fn start_ended_kubelets(&mut self) -> Result<()> {
        let layout = self.layout.clone();
        for node in layout.nodes() {
            let name = node.kubelet_name();
            let is_ended = |daemon: &Daemon| daemon.name == name && !daemon.is_alive();
            if self.record.daemons.iter().any(is_ended) {
                self.record.daemons.retain(|daemon| daemon.name != name);
                self.add(vec![node.start_kubelet()?])?;
            }
        }
        Ok(())
    }

    fn start_provisioner(&self) -> Result<Daemon> {
        let own = self.own_program()?;
        let mut command = network::inside_of(self.layout.slot, own);
        command.args(["bed", "provisioner", "--folder"]).arg(self.layout.dir("volumes")?);
        command.env("KUBECONFIG", self.kubeconfig());
        Daemon::start("provisioner", &mut command, &self.layout.logs())
    }

    /// A copy of this program: a build of another checkout may replace the file while the bed is
    /// up.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn own_program(&self) -> Result<PathBuf> {
        let own = self.layout.dir("programs")?.join("barnabas-e2e");
        if !own.exists() {
            fs::copy("/proc/self/exe", &own).context("copying this program")?;
        }
        Ok(own)
    }

    fn add(&mut self, daemons: Vec<Daemon>) -> Result<()> {
        self.record.daemons.extend(daemons);
        self.save()
    }

    fn save(&self) -> Result<()> {
        let path = self.layout.root().join("bed.json");
        fs::write(&path, serde_json::to_vec_pretty(&self.record)?).context(path.display())
    }
}

/// Making the folder is what claims the slot: only one can.
fn claim_slot() -> Result<Slot> {
    fs::create_dir_all(ROOT)?;
    for slot in (0..address::SLOTS).map(Slot) {
        match fs::create_dir(Path::new(ROOT).join(slot.to_string())) {
            Ok(()) => return Ok(slot),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Failure::from(error)).context(ROOT),
        }
    }
    fail!("all {} places for test beds under {ROOT} are taken", address::SLOTS)
}

/// The DNS server runs beside the API server, so its Service has no pods to select.
fn dns_service(slot: Slot) -> serde_json::Value {
    serde_json::json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {
            "clusterIP": slot.dns_service(),
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP"},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
            ],
        },
    })
}

fn dns_endpoints(slot: Slot) -> serde_json::Value {
    serde_json::json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kube-dns",
            "namespace": "kube-system",
            "labels": {"kubernetes.io/service-name": "kube-dns"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [slot.bridge()]}],
        "ports": [
            {"name": "dns", "port": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
        ],
    })
}

/// Unmounts everything below a folder, the innermost first.
fn unmount_below(folder: &Path) {
    for _ in 0..3 {
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        let below: Vec<&str> = mounts
            .lines()
            .filter_map(|line| line.split_whitespace().nth(1))
            .filter(|path| Path::new(path).starts_with(folder))
            .collect();
        if below.is_empty() {
            return;
        }
        for path in below.iter().rev() {
            // What is still busy is tried again, and at last detached.
            let _busy = program::output(Command::new("umount").args(["-l", path]));
        }
    }
}
