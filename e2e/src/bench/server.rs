//! One broker on this host, ours or Apache Kafka's, with the same settings.

use std::fs::{self, File};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::failure::{Failure, Result};
use crate::system::{self, System};
use crate::{ports, program};

/// A base64url UUID, as `kafka-storage random-uuid` prints one.
const CLUSTER_ID: &str = "Tu5XtZ2hQlWq0b1bq1bJ6g";

/// A broker with its own folder, which is removed with it.
pub struct Server {
    system: System,
    child: Child,
    folder: TempDir,
    bootstrap: SocketAddr,
    started: Instant,
}

impl Server {
    /// Starts a broker and waits until it accepts connections.
    ///
    /// # Errors
    /// When it cannot be started or ends by itself.
    pub fn start(system: &System, settings: &[(&str, &str)]) -> Result<Self> {
        let server = Self::start_without_waiting(system, settings)?;
        server.wait(Duration::from_secs(60))?;
        Ok(server)
    }

    /// Starts a broker.
    ///
    /// # Errors
    /// When its files cannot be written or the program cannot be started.
    pub fn start_without_waiting(system: &System, settings: &[(&str, &str)]) -> Result<Self> {
        let folder = TempDir::with_prefix("barnabas-e2e-")?;
        let (bootstrap, controller) = free_addresses()?;
        let mut content = properties(bootstrap, controller, folder.path());
        for (key, value) in settings {
            content.push_str(&format!("{key}={value}\n"));
        }
        fs::write(properties_file(&folder), content)?;
        match system {
            System::Apache => format_storage(folder.path())?,
            // Its HTTP listener is of no interest here, but must not meet another broker's.
            System::Barnabas(_) => {
                let (http, _) = free_addresses()?;
                let mut file = File::options().append(true).open(properties_file(&folder))?;
                writeln!(file, "barnabas.http.listener={http}")?;
            }
        }
        let mut command = command(system, folder.path())?;
        let started = Instant::now();
        let child = command.spawn()?;
        Ok(Self { system: system.clone(), child, folder, bootstrap, started })
    }

    /// Where clients connect.
    pub fn bootstrap(&self) -> String {
        self.bootstrap.to_string()
    }

    /// When its process was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The process of the broker.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it accepts connections.
    ///
    /// # Errors
    /// When it ends, or does not accept any within `limit`.
    pub fn wait(&self, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        while TcpStream::connect(self.bootstrap).is_err() {
            let alive = fs::read_link(format!("/proc/{}/exe", self.pid())).is_ok();
            if !alive || Instant::now() > deadline {
                return Err(self.failure("does not accept connections"));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Kills the broker as a power cut would, but for what the kernel holds.
    ///
    /// # Errors
    /// When its end cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts the broker again on the same folder and address.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start_again(&mut self) -> Result<()> {
        self.child = command(&self.system, self.folder.path())?.spawn()?;
        Ok(())
    }

    fn failure(&self, what: &str) -> Failure {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(20).collect();
        let shown: Vec<&str> = last.into_iter().rev().collect();
        Failure::new(format!("{} {what}:\n{}", self.system.name(), shown.join("\n")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn properties_file(folder: &TempDir) -> PathBuf {
    folder.path().join("server.properties")
}

fn properties(bootstrap: SocketAddr, controller: SocketAddr, folder: &Path) -> String {
    format!(
        "process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{bootstrap},CONTROLLER://{controller}
advertised.listeners=PLAINTEXT://{bootstrap}
controller.quorum.voters=1@{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=100
",
        folder.join("data").display()
    )
}

fn command(system: &System, folder: &Path) -> Result<Command> {
    let log = File::options().create(true).append(true).open(folder.join("log"))?;
    let mut command = system.broker(folder)?;
    if system.is_ours() {
        command.args(["--cluster-id", CLUSTER_ID]);
    }
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    Ok(command)
}

fn format_storage(folder: &Path) -> Result<()> {
    let mut format = system::java()?;
    format.args(["-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format"]);
    format.args(["-t", CLUSTER_ID, "-c"]).arg(folder.join("server.properties"));
    program::output(&mut format).map(|_| ())
}

fn free_addresses() -> Result<(SocketAddr, SocketAddr)> {
    let [one, other] = ports::free()?;
    Ok((SocketAddr::from(([127, 0, 0, 1], one)), SocketAddr::from(([127, 0, 0, 1], other))))
}
