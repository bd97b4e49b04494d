//! The processes.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::client::Client;

const CLUSTER: &str = "4L6g3nShT-eMCtK--X86sw";
/// Ids of the metadata directories, by node.
const DIRECTORIES: [&str; 3] =
    ["J8aAPcfLQt2bqs1JT_rMgQ", "K8aAPcfLQt2bqs1JT_rMgQ", "L8aAPcfLQt2bqs1JT_rMgQ"];
/// What the start of a node may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Nodes {
    dir: TempDir,
    clients: [u16; 3],
    voters: String,
    children: [Option<Child>; 3],
}

impl Nodes {
    /// Three nodes that serve, each broker and controller.
    pub(crate) fn start(extra: &str) -> Self {
        Self::with_roles(["broker,controller"; 3], extra)
    }

    /// Three nodes that serve, with the given roles.
    pub(crate) fn with_roles(roles: [&str; 3], extra: &str) -> Self {
        let dir = TempDir::new().expect("a directory");
        let [a, b, c, d, e, f] = free_ports();
        let (clients, controllers) = ([a, b, c], [d, e, f]);
        let addresses = controllers.map(|port| format!("127.0.0.1:{port}"));
        let is = |id: usize, role: &str| roles[id].split(',').any(|known| known == role);
        let controlling: Vec<usize> = (0..3).filter(|id| is(*id, "controller")).collect();
        let voter = |id: &usize| format!("{id}@{}:{}", addresses[*id], DIRECTORIES[*id]);
        let voters: Vec<String> = controlling.iter().map(voter).collect();
        let servers: Vec<&str> = controlling.iter().map(|id| addresses[*id].as_str()).collect();
        for id in 0..3 {
            let mut listeners = Vec::new();
            if is(id, "broker") {
                listeners.push(format!("PLAINTEXT://127.0.0.1:{}", clients[id]));
            }
            if is(id, "controller") {
                listeners.push(format!("CONTROLLER://{}", addresses[id]));
            }
            let text = format!(
                "process.roles={}\nnode.id={id}\nlisteners={}\n\
                 controller.listener.names=CONTROLLER\n\
                 controller.quorum.bootstrap.servers={}\nlog.dirs={}\n{extra}",
                roles[id],
                listeners.join(","),
                servers.join(","),
                dir.path().join(id.to_string()).display(),
            );
            fs::write(dir.path().join(format!("{id}.properties")), text).expect("writable");
        }
        let children = [None, None, None];
        let mut nodes = Self { dir, clients, voters: voters.join(","), children };
        for id in 0..3 {
            nodes.run(id);
        }
        // A broker answers once it is registered itself: the others may not be, and topics are
        // placed on those that are.
        let brokers: Vec<i32> = (0..3).filter(|id| is(index(*id), "broker")).collect();
        for id in &brokers {
            let mut client = nodes.client(*id);
            eventually(PATIENCE, || client.brokers() == brokers.len());
        }
        nodes
    }

    /// Starts a node.
    pub(crate) fn run(&mut self, id: i32) {
        let voters = self.voters.clone();
        self.run_with(id, &["--initial-controllers", &voters]);
    }

    /// Starts a controller that finds its voters by itself and becomes one of them.
    pub(crate) fn run_joining(&mut self, id: i32) {
        self.run_with(id, &["--override", "controller.quorum.auto.join.enable=true"]);
    }

    fn run_with(&mut self, id: i32, arguments: &[&str]) {
        let config = self.dir.path().join(format!("{id}.properties"));
        let child = Command::new(env!("CARGO_BIN_EXE_barnabas-broker"))
            .args(["run", "--cluster-id", CLUSTER])
            .args(arguments)
            .arg("--config")
            .arg(config)
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        self.children[index(id)] = Some(child);
    }

    /// A connection to a node that serves.
    pub(crate) fn client(&self, id: i32) -> Client {
        let port = self.clients[index(id)];
        let mut connected = None;
        eventually(PATIENCE, || {
            // Its listener is bound early, and answers when the node has joined.
            connected = Client::connect(port).ok();
            connected.is_some()
        });
        connected.expect("connected")
    }

    pub(crate) fn kill(&mut self, id: i32) {
        if let Some(mut child) = self.children[index(id)].take() {
            child.kill().expect("runs");
            child.wait().expect("ends");
        }
    }

    /// SIGTERM; the exit code.
    pub(crate) fn terminate(&mut self, id: i32) -> Option<i32> {
        self.ask_to_stop(id);
        self.wait(id)
    }

    /// SIGTERM to all at once; the exit codes.
    pub(crate) fn terminate_all(&mut self) -> [Option<i32>; 3] {
        for id in 0..3 {
            self.ask_to_stop(id);
        }
        [0, 1, 2].map(|id| self.wait(id))
    }

    fn ask_to_stop(&self, id: i32) {
        let child = self.children[index(id)].as_ref().expect("runs");
        kill_process(Pid::from_child(child), Signal::TERM).expect("runs");
    }

    fn wait(&mut self, id: i32) -> Option<i32> {
        let mut child = self.children[index(id)].take().expect("runs");
        child.wait().expect("ends").code()
    }

    /// Takes the disk of a node that does not run.
    pub(crate) fn wipe(&self, id: i32) {
        fs::remove_dir_all(self.data(id)).expect("there was data");
    }

    /// Whether the node has a snapshot of the metadata besides the one it was formatted with.
    pub(crate) fn has_snapshot(&self, id: i32) -> bool {
        let Ok(entries) = fs::read_dir(self.data(id).join("__cluster_metadata-0")) else {
            return false;
        };
        let names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
        let names = names.filter_map(|name| name.into_string().ok());
        let mut snapshots = names.filter(|name| name.ends_with(".checkpoint"));
        snapshots.any(|name| name != "00000000000000000000-0000000000.checkpoint")
    }

    fn data(&self, id: i32) -> PathBuf {
        self.dir.path().join(id.to_string())
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for id in 0..3 {
            self.kill(id);
        }
    }
}

fn index(id: i32) -> usize {
    usize::try_from(id).expect("an id of a node")
}

/// Ports that nobody had a moment ago: the addresses of voters must be known before they start.
fn free_ports() -> [u16; 6] {
    let listeners = [(); 6].map(|()| TcpListener::bind("127.0.0.1:0").expect("binds"));
    listeners.map(|listener| listener.local_addr().expect("bound").port())
}

/// Waits until it is so.
pub(crate) fn eventually(patience: Duration, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < patience, "not within {patience:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
