//! A broker process on loopback, for tests that need no Kubernetes.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::failure::{Context, Failure, Result};
use crate::{ports, program};

/// How long a broker may take from its start until it accepts connections.
const START_MAX: Duration = Duration::from_secs(20);
/// How long a broker may take to end after SIGTERM.
const STOP_MAX: Duration = Duration::from_secs(30);
const CLUSTER_ID: &str = "MkU3OEVBNTcwNTJENDM2Qg";

/// A broker that is also its own controller, with its data in a folder. Ends with its owner.
pub struct Broker {
    binary: PathBuf,
    folder: PathBuf,
    port: u16,
    http_port: u16,
    process: Option<Child>,
}

impl Broker {
    /// Starts `binary` on free ports with its data below `folder`. `properties` are added to
    /// `server.properties`, one `name=value` each; `node.id` is 1 unless one of them says else.
    ///
    /// # Errors
    /// When it cannot be started or does not listen in time; the failure holds its log's end.
    pub fn start(binary: &Path, folder: &Path, properties: &[&str]) -> Result<Self> {
        let [port, controller_port, http_port] = ports::free()?;
        fs::create_dir_all(folder).context(folder.display())?;
        let id = properties.iter().find_map(|line| line.strip_prefix("node.id=")).unwrap_or("1");
        let mut lines = vec![
            "process.roles=broker,controller".to_owned(),
            format!("node.id={id}"),
            format!("controller.quorum.voters={id}@127.0.0.1:{controller_port}"),
            "controller.listener.names=CONTROLLER".to_owned(),
            format!(
                "listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}"
            ),
            format!("advertised.listeners=PLAINTEXT://127.0.0.1:{port}"),
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned(),
            format!("log.dirs={}", folder.join("data").display()),
            format!("barnabas.http.listener=127.0.0.1:{http_port}"),
            "offsets.topic.replication.factor=1".to_owned(),
        ];
        let further = properties.iter().filter(|line| !line.starts_with("node.id="));
        lines.extend(further.map(|&line| line.to_owned()));
        let file = folder.join("server.properties");
        fs::write(&file, lines.join("\n") + "\n").context(file.display())?;
        let mut broker = Self {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            port,
            http_port,
            process: None,
        };
        broker.restart()?;
        Ok(broker)
    }

    /// Where clients connect to.
    pub fn bootstrap(&self) -> String {
        self.address().to_string()
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Where health and metrics are served.
    pub fn http(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.http_port))
    }

    /// The process id, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// The folder of its data.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts it (again) on the data that is there and waits until it accepts connections.
    ///
    /// # Errors
    /// As [`Broker::start`].
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log())?;
        let child = Command::new(&self.binary)
            .arg("run")
            .arg("--config")
            .arg(self.folder.join("server.properties"))
            .args(["--cluster-id", CLUSTER_ID])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context(self.binary.display())?;
        self.process = Some(child);
        self.wait_until_ready()
    }

    /// SIGTERM: it drains and checkpoints.
    ///
    /// # Errors
    /// When it ends with another status than 0, or not in time.
    pub fn terminate(&mut self) -> Result<()> {
        let Some(mut child) = self.process.take() else { return Ok(()) };
        program::signal_process(child.id(), Signal::TERM);
        let deadline = Instant::now() + STOP_MAX;
        loop {
            if let Some(status) = child.try_wait()? {
                if status.success() {
                    return Ok(());
                }
                return Err(Failure::new(format!("the broker ended with {status}{}", self.tail())));
            }
            if Instant::now() > deadline {
                child.kill()?;
                child.wait()?;
                return Err(Failure::new(format!("the broker ignored SIGTERM{}", self.tail())));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.process.take() {
            // It may have ended by itself in the meantime: that is what is wanted.
            let _ended = child.kill();
            let _ended = child.wait();
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("broker.log")
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_MAX;
        while TcpStream::connect(self.address()).is_err() {
            let ended = match &mut self.process {
                Some(child) => child.try_wait()?,
                None => None,
            };
            if let Some(status) = ended {
                self.process = None;
                return Err(Failure::new(format!("the broker ended with {status}{}", self.tail())));
            }
            if Instant::now() > deadline {
                return Err(Failure::new(format!("the broker does not listen{}", self.tail())));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    fn tail(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(20).collect();
        lines.iter().rev().fold(String::new(), |text, line| format!("{text}\n  {line}"))
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}
