//! One node of a bed: a containerd and a kubelet with folders, control groups and an address of
//! their own. Each node is a zone.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::bed::Layout;
use crate::bed::network::inside_of;
use crate::bed::pki::{Authority, Subject};
use crate::failure::{Context, Failure, Result};
use crate::program::{self, Daemon};

/// A node (from 1) of a bed.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    layout: &'a Layout,
    number: u8,
}

impl<'a> Node<'a> {
    /// The node of this number.
    pub fn new(layout: &'a Layout, number: u8) -> Self {
        Self { layout, number }
    }

    /// Its name in Kubernetes.
    pub fn name(self) -> String {
        format!("node{}", self.number)
    }

    /// What its containerd is called among the processes of the bed.
    pub fn runtime_name(self) -> String {
        format!("containerd-{}", self.name())
    }

    /// What its kubelet is called among the processes of the bed.
    pub fn kubelet_name(self) -> String {
        format!("kubelet-{}", self.name())
    }

    /// Starts containerd and loads the images.
    ///
    /// # Errors
    /// When containerd does not come up within 20 s.
    pub fn start_runtime(self) -> Result<Daemon> {
        let config = self.containerd_config()?;
        let mut containerd = inside_of(self.layout.slot, "containerd");
        containerd.arg("--config").arg(config);
        let name = self.runtime_name();
        let daemon = Daemon::start(&name, &mut containerd, &self.layout.logs())?;
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Err(error) = program::output(self.ctr().arg("version")) {
            if Instant::now() > deadline || !daemon.is_alive() {
                return Err(error).context(format!("{name} does not answer"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(daemon)
    }

    /// Loads a docker-archive into the node.
    ///
    /// # Errors
    /// When containerd refuses it.
    pub fn load(self, archive: &Path) -> Result<()> {
        program::output(self.ctr().args(["images", "import"]).arg(archive)).map(|_| ())
    }

    /// Makes the certificate and the credentials of the kubelet.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn admit(self, authority: &Authority) -> Result<()> {
        let name = self.name();
        let user = format!("system:node:{name}");
        authority.issue(&Subject {
            file: &name,
            common_name: &user,
            organization: Some("system:nodes"),
            names: &[&name],
            addresses: &[self.layout.slot.node(self.number)],
        })?;
        authority.kubeconfig(&name, &self.layout.server()).map(|_| ())
    }

    /// Starts the kubelet with the credentials that it was given.
    ///
    /// # Errors
    /// When its files or control groups cannot be made.
    pub fn start_kubelet(self) -> Result<Daemon> {
        let name = self.name();
        let kubeconfig = self.layout.pki().join(format!("{name}.kubeconfig"));
        make_control_groups(&self.control_group())?;
        let mut kubelet = self.layout.kubernetes("kubelet");
        kubelet
            .arg(format!("--config={}", self.kubelet_config()?.display()))
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
            .arg(format!("--root-dir={}", self.dir("kubelet")?.display()))
            .arg(format!("--cert-dir={}", self.dir("certificates")?.display()))
            .arg(format!("--hostname-override={name}"))
            .arg(format!("--node-ip={}", self.layout.slot.node(self.number)))
            .arg(format!(
                "--node-labels=topology.kubernetes.io/region=local,\
                 topology.kubernetes.io/zone=zone-{}",
                self.number
            ));
        Daemon::start(&self.kubelet_name(), &mut kubelet, &self.layout.logs())
    }

    /// Kills what runs in the pods of the node and removes its control groups. The kubelet has
    /// ended before; containerd is still there or not.
    pub fn sweep(self) {
        let namespaces = network_namespaces(&processes_in(&self.control_group()));
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let mut left = processes_in(&self.control_group());
            left.extend(self.shims());
            if left.is_empty() || Instant::now() > deadline {
                break;
            }
            for pid in left {
                program::signal_process(pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        for hierarchy in hierarchies() {
            remove_control_groups(&hierarchy.join(self.control_group()));
        }
        for namespace in namespaces {
            // One that containerd has already removed is no failure.
            let _gone = program::output(Command::new("umount").args(["-l"]).arg(&namespace));
            let _gone = fs::remove_file(&namespace);
        }
    }

    /// The processes of its pods.
    pub fn processes(self) -> Vec<u32> {
        processes_in(&self.control_group())
    }

    /// `ctr` for this node's containerd.
    pub fn ctr(self) -> Command {
        let mut ctr = Command::new("ctr");
        ctr.arg("-a").arg(self.socket()).args(["-n", "k8s.io"]);
        ctr
    }

    fn socket(self) -> PathBuf {
        self.layout.root().join(self.name()).join("containerd.sock")
    }

    fn dir(self, name: &str) -> Result<PathBuf> {
        self.layout.dir(&format!("{}/{name}", self.name()))
    }

    fn control_group(self) -> String {
        format!("{}-{}", self.layout.slot.namespace(), self.name())
    }

    /// The shims of this node's containers: they name its socket on their command line.
    fn shims(self) -> Vec<u32> {
        let socket = self.socket().display().to_string();
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid: &u32| {
                let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
                let is_shim =
                    words.first().is_some_and(|word| word.ends_with(b"containerd-shim-runc-v2"));
                is_shim && words.contains(&socket.as_bytes())
            })
            .collect()
    }

    fn containerd_config(self) -> Result<PathBuf> {
        let network = self.network_config()?;
        let path = self.dir("config")?.join("containerd.toml");
        let content = format!(
            r#"version = 2
root = "{root}"
state = "{state}"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
disable_apparmor = true
restrict_oom_score_adj = true
disable_tcp_service = true
stream_server_address = "127.0.0.1"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{network}"
"#,
            root = self.dir("root")?.display(),
            state = self.dir("state")?.display(),
            socket = self.socket().display(),
            pause = crate::image::PAUSE,
            network = network.display(),
        );
        fs::write(&path, content)?;
        Ok(path)
    }

    fn network_config(self) -> Result<PathBuf> {
        let folder = self.dir("cni")?;
        let slot = self.layout.slot;
        let (first, last) = slot.pod_range(self.number);
        let content = serde_json::json!({
            "cniVersion": "0.4.0",
            "name": "kube",
            "plugins": [{
                "type": "bridge",
                "bridge": "kube0",
                "isGateway": false,
                "ipMasq": false,
                "hairpinMode": true,
                "ipam": {
                    "type": "host-local",
                    "dataDir": self.dir("addresses")?,
                    "ranges": [[{
                        "subnet": slot.pods(),
                        "rangeStart": first,
                        "rangeEnd": last,
                        "gateway": slot.bridge(),
                    }]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }],
        });
        fs::write(folder.join("10-kube.conflist"), content.to_string())?;
        Ok(folder)
    }

    fn kubelet_config(self) -> Result<PathBuf> {
        let path = self.dir("config")?.join("kubelet.yaml");
        let pki = self.layout.pki();
        let name = self.name();
        let content = serde_json::json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": self.layout.slot.node(self.number),
            "port": 10250,
            "healthzBindAddress": self.layout.slot.node(self.number),
            "healthzPort": 10248,
            "readOnlyPort": 0,
            "authentication": {
                "anonymous": {"enabled": false},
                "x509": {"clientCAFile": pki.join("ca.crt")},
                "webhook": {"enabled": true},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": pki.join(format!("{name}.crt")),
            "tlsPrivateKeyFile": pki.join(format!("{name}.key")),
            "containerRuntimeEndpoint": format!("unix://{}", self.socket().display()),
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": format!("/{}", self.control_group()),
            "failCgroupV1": false,
            "failSwapOn": false,
            "clusterDNS": [self.layout.slot.dns_service()],
            "clusterDomain": "cluster.local",
            "resolvConf": "",
            "podLogsDir": self.dir("pod-logs")?,
            "serializeImagePulls": false,
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "nodeStatusUpdateFrequency": "2s",
            "syncFrequency": "10s",
            "maxPods": 200,
            "evictionHard": {
                "memory.available": "50Mi",
                "nodefs.available": "0%",
                "nodefs.inodesFree": "0%",
                "imagefs.available": "0%",
            },
        });
        fs::write(&path, serde_yaml::to_string(&content)?)?;
        Ok(path)
    }
}

/// The mounted hierarchies of control groups (version 1), or the one of version 2.
fn hierarchies() -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    if root.join("cgroup.controllers").exists() {
        return vec![root.to_owned()];
    }
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .filter(|path| path.join("cgroup.procs").exists())
        .collect()
}

fn make_control_groups(name: &str) -> Result<()> {
    let hierarchies = hierarchies();
    if hierarchies.is_empty() {
        return Err(Failure::new("no control groups are mounted at /sys/fs/cgroup"));
    }
    for hierarchy in hierarchies {
        let group = hierarchy.join(name);
        fs::create_dir_all(&group).context(group.display())?;
        // A cpuset of version 1 starts empty, and an empty one admits no process.
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if let Ok(value) = fs::read_to_string(hierarchy.join(file))
                && group.join(file).exists()
            {
                fs::write(group.join(file), value).context(group.join(file).display())?;
            }
        }
    }
    Ok(())
}

/// The network namespaces of pods that these processes run in, as containerd has mounted them.
fn network_namespaces(pids: &[u32]) -> Vec<PathBuf> {
    let inode = |path: &Path| fs::metadata(path).ok().map(|metadata| metadata.ino());
    let used: BTreeSet<u64> = pids
        .iter()
        .filter_map(|pid| inode(&PathBuf::from(format!("/proc/{pid}/ns/net"))))
        .collect();
    let Ok(entries) = fs::read_dir("/run/netns") else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("cni-"))
        .map(|entry| entry.path())
        .filter(|path| inode(path).is_some_and(|inode| used.contains(&inode)))
        .collect()
}

fn processes_in(name: &str) -> Vec<u32> {
    let mut pids = Vec::new();
    for hierarchy in hierarchies() {
        collect_processes(&hierarchy.join(name), &mut pids);
    }
    pids.sort_unstable();
    pids.dedup();
    pids
}

fn collect_processes(group: &Path, pids: &mut Vec<u32>) {
    let listed = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    pids.extend(listed.lines().filter_map(|line| line.parse::<u32>().ok()));
    for child in folders(group) {
        collect_processes(&child, pids);
    }
}

fn remove_control_groups(group: &Path) {
    for child in folders(group) {
        remove_control_groups(&child);
    }
    // A group that still holds a dying process stays: the next bed of this slot takes it over.
    let _stays = fs::remove_dir(group);
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(of) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}
