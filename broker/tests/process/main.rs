//! The broker as a process: how it starts, refuses to start, shows itself and stops.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod configs;
mod dev;
mod disks;

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use dev::Dev;

const CLUSTER: &str = "4L6g3nShT-eMCtK--X86sw";

fn broker(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_barnabas-broker"));
    command.args(arguments).env_remove("BARNABAS_LOG").env_remove("BARNABAS_LOG_FORMAT");
    command
}

fn output(arguments: &[&str]) -> Output {
    broker(arguments).output().expect("the broker can be run")
}

/// What was said to the person who typed the command, and that it failed.
fn refusal(arguments: &[&str]) -> String {
    let output = output(arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A properties file for a node on free ports, with its data beside it.
fn properties(dir: &Path, extra: &str) -> String {
    let file = dir.join("server.properties");
    let text = format!(
        "process.roles=broker,controller\nnode.id=1\n\
         listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0\n\
         controller.listener.names=CONTROLLER\ncontroller.quorum.voters=1@127.0.0.1:0\n\
         log.dirs={}\n{extra}",
        dir.join("data").display()
    );
    std::fs::write(&file, text).expect("writable");
    file.display().to_string()
}

#[test]
fn a_broker_starts_on_nothing_shows_itself_and_stops_cleanly() {
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    let mut dev = Dev::start(&data);
    TcpStream::connect(dev.kafka).expect("serves");
    assert!(dev.get("/livez").starts_with("HTTP/1.1 200"));
    assert!(dev.get("/readyz").starts_with("HTTP/1.1 200"));
    let metrics = dev.get("/metrics");
    for line in [
        "kafka_controller_kafkacontroller_activecontrollercount 1",
        "kafka_controller_kafkacontroller_activebrokercount 1",
        "kafka_server_kafkaserver_brokerstate 3",
    ] {
        assert!(metrics.contains(line), "{line} is missing in {metrics}");
    }
    let marker = data.join(".kafka_cleanshutdown");
    assert!(!marker.exists());
    assert_eq!(dev.terminate(), Some(0));
    assert!(marker.exists());
    let mut again = Dev::start(&data);
    assert!(!marker.exists());
    assert_eq!(again.terminate(), Some(0));
}

#[test]
fn directories_are_formatted_once_and_for_one_cluster() {
    let dir = TempDir::new().expect("a directory");
    let config = properties(dir.path(), "");
    let run = refusal(&["run", "--config", &config]);
    assert!(run.contains("is not formatted") && run.contains("--cluster-id"), "{run}");
    let format = ["format", "--config", &config, "--cluster-id", CLUSTER];
    let first = output(&format);
    assert!(first.status.success(), "{first:?}");
    let meta = std::fs::read_to_string(dir.path().join("data/meta.properties")).expect("written");
    assert!(meta.contains(&format!("cluster.id={CLUSTER}")), "{meta}");
    assert!(meta.contains("node.id=1") && meta.contains("version=1"), "{meta}");
    assert!(dir.path().join("data/bootstrap.checkpoint").exists());
    assert!(refusal(&format).contains("is formatted already"));
    let again = output(&[&format[..], &["--ignore-formatted"]].concat());
    assert!(again.status.success(), "{again:?}");

    let other = refusal(&["run", "--config", &config, "--cluster-id", "another"]);
    assert!(other.contains(&format!("belongs to cluster {CLUSTER}")), "{other}");
    let node = refusal(&[
        "run",
        "--config",
        &config,
        "--override",
        "node.id=2",
        "--override",
        "controller.quorum.voters=2@127.0.0.1:0",
    ]);
    assert!(node.contains("belongs to node 1, not to 2"), "{node}");
}

#[test]
fn a_dynamic_quorum_starts_with_this_node_as_its_voter() {
    let dir = TempDir::new().expect("a directory");
    let voters = "controller.quorum.voters=\ncontroller.quorum.bootstrap.servers=localhost:1\n";
    let config = properties(dir.path(), voters);
    let format = ["format", "--config", &config, "--cluster-id", CLUSTER, "--standalone"];
    let format = output(&format);
    assert!(format.status.success(), "{format:?}");
    let snapshot = "data/__cluster_metadata-0/00000000000000000000-0000000000.checkpoint";
    assert!(dir.path().join(snapshot).exists());
    let child = broker(&["run", "--config", &config, "--log-format", "text"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut node = Dev { child, kafka: ([0; 4], 0).into(), http: ([0; 4], 0).into() };
    let stderr = node.child.stderr.take().expect("piped");
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("serving")));
    assert_eq!(node.terminate(), Some(0));
}

#[test]
fn mistakes_are_answered_with_the_place_and_the_remedy() {
    let dir = TempDir::new().expect("a directory");
    let config = properties(dir.path(), "log.dris=/x\n");
    let message = refusal(&["run", "--config", &config, "--cluster-id", CLUSTER]);
    assert!(message.contains("server.properties:7:"), "{message}");
    assert!(message.contains("Did you mean log.dirs?"), "{message}");

    let config = properties(dir.path(), "");
    let message = refusal(&["run", "--config", &config, "--override", "num.partitions=x"]);
    assert!(message.contains("--override: Invalid value x"), "{message}");
    let message = refusal(&["run", "--config", &config, "--cluster-id", "no good"]);
    assert!(message.contains("is not a cluster id"), "{message}");
    let message = refusal(&["run", "--config", "/nowhere/server.properties"]);
    assert!(message.contains("cannot read /nowhere/server.properties"), "{message}");
}

#[test]
fn a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
    let port = taken.local_addr().expect("bound").port();
    let dir = TempDir::new().expect("a directory");
    let listeners = format!("listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:0\n");
    let config = properties(dir.path(), &listeners);
    let message = refusal(&["run", "--config", &config, "--cluster-id", CLUSTER]);
    assert!(
        message.contains(&format!("cannot listen on 127.0.0.1:{port} (PLAINTEXT)")),
        "{message}"
    );
}

#[test]
fn two_brokers_cannot_share_a_directory() {
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    let mut dev = Dev::start(&data);
    let second = refusal(&["dev", "--port", "0", "--dir", &data.display().to_string()]);
    assert!(second.contains("another process uses the log directory"), "{second}");
    assert_eq!(dev.terminate(), Some(0));
}
