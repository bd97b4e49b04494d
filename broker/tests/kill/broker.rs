//! The broker's process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Broker {
    process: Child,
    pub address: SocketAddr,
    /// From the start of the process until it said that it serves.
    pub started_in: Duration,
}

impl Broker {
    /// Starts a broker on the directory and waits until it serves. `BARNABAS_BROKER` names another
    /// binary, such as a release build to measure.
    pub fn start(dir: &Path) -> Self {
        let begin = Instant::now();
        let built = env!("CARGO_BIN_EXE_barnabas-broker").to_owned();
        let binary = std::env::var("BARNABAS_BROKER").unwrap_or(built);
        let mut process = Command::new(binary)
            .args(["dev", "--port", "0", "--dir"])
            .arg(dir)
            .args(["--override", "log.segment.bytes=1048576"])
            .args(["--override", "log.flush.offset.checkpoint.interval.ms=200"])
            .args(["--override", "log.retention.check.interval.ms=300"])
            .args(["--override", "num.partitions=3"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next().expect("the broker says where it serves").unwrap();
        let started_in = begin.elapsed();
        let address = line.split_once(" on ").expect(&line).1;
        let address = address.split(',').next().unwrap().parse().expect(&line);
        // Keeps the pipe open for what else it prints.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address, started_in }
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// As `kill -9` does.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
