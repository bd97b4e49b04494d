//! One process of a cluster.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use barnabas_wire::Uuid;
use rustix::process::Signal;

use super::{Controllers, FIRST_CONTROLLER, Plan, directory_id};
use crate::failure::{Context, Failure, Result};
use crate::system::{self, System};
use crate::{ports, program};

/// How long a node may take to end after SIGTERM.
const STOP_MAX: Duration = Duration::from_secs(60);
const CLUSTER_ID: &str = "MkU3OEVBNTcwNTJENDM2Qg";
const LOG_LINES_SHOWN: usize = 15;

/// A node: broker, controller or both.
pub struct Node {
    id: i32,
    system: System,
    folder: PathBuf,
    address: Option<String>,
    is_controller: bool,
    /// `--initial-controllers`, the same for all nodes.
    voters: String,
    process: Option<Child>,
    is_stopped: bool,
}

/// The nodes of a cluster: their folders and settings are written, nothing runs.
pub fn plan(plan: &Plan<'_>, folder: &Path) -> Result<Vec<Node>> {
    let separate = match plan.controllers {
        Controllers::Combined => 0,
        Controllers::Separate(count) => count,
    };
    let brokers = (0..).take(plan.brokers);
    let ids: Vec<i32> = brokers.chain((FIRST_CONTROLLER..).take(separate)).collect();
    let ports: Vec<[u16; 3]> = ids.iter().map(|_| ports::free()).collect::<Result<_>>()?;
    let is_controller = |id: i32| separate == 0 || id >= FIRST_CONTROLLER;
    let controllers: Vec<(i32, u16)> = ids
        .iter()
        .zip(&ports)
        .filter(|(id, _)| is_controller(**id))
        .map(|(id, [_, port, _])| (*id, *port))
        .collect();
    let voters: Vec<String> = controllers
        .iter()
        .map(|(id, port)| format!("{id}@127.0.0.1:{port}:{}", directory_id(*id)))
        .collect();
    let servers: Vec<String> =
        controllers.iter().map(|(_, port)| format!("127.0.0.1:{port}")).collect();
    ids.iter()
        .zip(&ports)
        .map(|(&id, &ports)| {
            let node = Node {
                id,
                system: plan.system.clone(),
                folder: folder.join(format!("node{id}")),
                address: (id < FIRST_CONTROLLER).then(|| format!("127.0.0.1:{}", ports[0])),
                is_controller: is_controller(id),
                voters: voters.join(","),
                process: None,
                is_stopped: false,
            };
            node.configure(plan, ports, &servers.join(","))?;
            Ok(node)
        })
        .collect()
}

/// Formats the storage of Apache Kafka's nodes; ours format theirs when they start.
pub fn format(nodes: &mut [Node]) -> Result<()> {
    let formats: Vec<_> = nodes
        .iter()
        .filter(|node| !node.system.is_ours())
        .map(|node| {
            let mut format = system::java()?;
            format.args(["-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format"]);
            format.args(["-t", CLUSTER_ID, "-c"]).arg(node.properties());
            if node.is_controller {
                format.args(["--initial-controllers", &node.voters]);
            } else {
                format.arg("--no-initial-controllers");
            }
            format.stdin(Stdio::null()).stdout(node.log()?).stderr(node.log()?);
            Ok((node.tail_source(), format.spawn()?))
        })
        .collect::<Result<_>>()?;
    for (log, mut child) in formats {
        if !child.wait()?.success() {
            return Err(Failure::new(format!("formatting failed{}", tail_of(&log))));
        }
    }
    Ok(())
}

impl Node {
    /// Its node id.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// Where clients connect, if it is a broker.
    pub fn address(&self) -> Option<String> {
        self.address.clone()
    }

    /// The process, if it runs (or is stopped).
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Does it run, and is it not stopped?
    pub fn is_responsive(&self) -> bool {
        self.process.is_some() && !self.is_stopped
    }

    /// The folder of its data.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The id of its metadata directory.
    pub fn directory_id(&self) -> Uuid {
        directory_id(self.id)
    }

    /// Starts the process on the data that is there, and does not wait for it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&mut self) -> Result<()> {
        let mut command = self.system.broker(&self.folder)?;
        if self.system.is_ours() {
            command.args(["--cluster-id", CLUSTER_ID]);
            if self.is_controller {
                command.args(["--initial-controllers", &self.voters]);
            }
        } else {
            let level = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn";
            command.env("JAVA_TOOL_OPTIONS", level);
        }
        command.stdin(Stdio::null()).stdout(self.log()?).stderr(self.log()?);
        let name = command.get_program().to_string_lossy().into_owned();
        self.process = Some(command.spawn().context(name)?);
        self.is_stopped = false;
        Ok(())
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.process.take() {
            // It may have ended by itself in the meantime: that is what is wanted.
            let _ended = child.kill();
            let _ended = child.wait();
        }
        self.is_stopped = false;
    }

    /// SIGSTOP: the process stays, its connections stay, nothing is answered.
    pub fn stop(&mut self) {
        self.signal(Signal::STOP);
        self.is_stopped = true;
    }

    /// SIGCONT.
    pub fn resume(&mut self) {
        self.signal(Signal::CONT);
        self.is_stopped = false;
    }

    /// Any signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            program::signal_process(pid, signal);
        }
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Errors
    /// When it ends with a status that tells of a failure, or not in time.
    pub fn terminate(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        let Some(mut child) = self.process.take() else { return Ok(Duration::ZERO) };
        program::signal_process(child.id(), Signal::TERM);
        loop {
            if let Some(status) = child.try_wait()? {
                // The JVM reports the signal (128 + 15) even when it shut down cleanly.
                if status.success() || (!self.system.is_ours() && status.code() == Some(143)) {
                    return Ok(begun.elapsed());
                }
                return Err(Failure::new(format!("{status} after SIGTERM{}", self.tail())));
            }
            if begun.elapsed() > STOP_MAX {
                child.kill()?;
                child.wait()?;
                return Err(Failure::new(format!("SIGTERM was ignored{}", self.tail())));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Removes the data of a node that does not run.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn wipe(&mut self) -> Result<()> {
        let data = self.data();
        fs::remove_dir_all(&data).context(data.display())
    }

    /// Has the process ended by itself?
    ///
    /// # Errors
    /// When it has, with the end of its log.
    pub fn must_be_alive(&mut self) -> Result<()> {
        let ended = self.process.as_mut().map(Child::try_wait).transpose()?.flatten();
        match ended {
            Some(status) => {
                self.process = None;
                Err(Failure::new(format!("node {} ended: {status}{}", self.id, self.tail())))
            }
            None => Ok(()),
        }
    }

    /// The end of its log.
    pub fn tail(&self) -> String {
        format!("\nnode {}:{}", self.id, tail_of(&self.tail_source()))
    }

    fn tail_source(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn log(&self) -> Result<File> {
        Ok(File::options().create(true).append(true).open(self.tail_source())?)
    }

    /// Its settings.
    pub fn properties(&self) -> PathBuf {
        self.folder.join("server.properties")
    }

    fn configure(&self, plan: &Plan<'_>, ports: [u16; 3], servers: &str) -> Result<()> {
        let [port, controller, http] = ports;
        let is_broker = self.address.is_some();
        let mut listeners = Vec::new();
        let mut roles = Vec::new();
        if is_broker {
            listeners.push(format!("PLAINTEXT://127.0.0.1:{port}"));
            roles.push("broker");
        }
        if self.is_controller {
            listeners.push(format!("CONTROLLER://127.0.0.1:{controller}"));
            roles.push("controller");
        }
        let replicas = plan.brokers.min(3);
        let mut lines = vec![
            format!("process.roles={}", roles.join(",")),
            format!("node.id={}", self.id),
            format!("controller.quorum.bootstrap.servers={servers}"),
            "controller.listener.names=CONTROLLER".to_owned(),
            format!("listeners={}", listeners.join(",")),
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned(),
            format!("log.dirs={}", self.data().display()),
            format!("offsets.topic.replication.factor={replicas}"),
            format!("default.replication.factor={replicas}"),
            format!("min.insync.replicas={}", replicas.min(2)),
            "group.initial.rebalance.delay.ms=0".to_owned(),
        ];
        if is_broker {
            lines.push("inter.broker.listener.name=PLAINTEXT".to_owned());
            lines.push(format!("advertised.listeners=PLAINTEXT://127.0.0.1:{port}"));
            lines.push(format!("broker.rack=zone-{}", self.id + 1));
        }
        match plan.system {
            System::Barnabas(_) => lines.push(format!("barnabas.http.listener=127.0.0.1:{http}")),
            System::Apache => {
                lines.push(format!("transaction.state.log.replication.factor={replicas}"));
            }
        }
        lines.extend(plan.properties.iter().map(|(name, value)| format!("{name}={value}")));
        fs::create_dir_all(&self.folder).context(self.folder.display())?;
        fs::write(self.properties(), lines.join("\n") + "\n").context(self.properties().display())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

fn tail_of(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(LOG_LINES_SHOWN).collect();
    lines.iter().rev().fold(String::new(), |text, line| format!("{text}\n  {line}"))
}
