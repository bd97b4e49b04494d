//! A `dev` broker for a test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::broker;

/// A `dev` broker, ready, with the addresses that it printed.
pub(crate) struct Dev {
    pub(crate) child: Child,
    pub(crate) kafka: SocketAddr,
    pub(crate) http: SocketAddr,
}

impl Dev {
    pub(crate) fn start(dir: &Path) -> Self {
        Self::start_with(dir, &[])
    }

    pub(crate) fn start_with(dir: &Path, overrides: &[&str]) -> Self {
        let dir = dir.display().to_string();
        let mut child = broker(&["dev", "--port", "0", "--http", "127.0.0.1:0", "--dir", &dir])
            .args(overrides.iter().flat_map(|property| ["--override", property]))
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let stdout = child.stdout.take().expect("piped");
        let mut addresses = Vec::new();
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            addresses.extend(
                line.split([' ', ',', '/']).find_map(|word| word.parse::<SocketAddr>().ok()),
            );
            if line.starts_with("Stop") {
                break;
            }
        }
        let [kafka, .., http] = addresses[..] else { panic!("no addresses: {addresses:?}") };
        Self { child, kafka, http }
    }

    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.http).expect("connects");
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sends");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answers");
        answer
    }

    /// SIGTERM; the exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("runs");
        self.child.wait().expect("ends").code()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // Already gone unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
