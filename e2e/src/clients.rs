//! The client matrix: unmodified clients of the field, each of which produces, consumes in a group,
//! commits, seeks and administers against one broker. Their programs are in `e2e/clients/`.

mod prepare;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::broker::Broker;
use crate::failure::{Context, Failure, Result};
use crate::program;

pub use prepare::{java, kafka_libs};

/// How long one client may take.
const CLIENT_MAX: Duration = Duration::from_secs(240);

/// A client: its name, and how its program is made ready to be run with the bootstrap address.
struct Client {
    name: &'static str,
    prepare: fn(&Path) -> Result<Command>,
}

const CLIENTS: &[Client] = &[
    Client { name: "kcat", prepare: prepare::kcat },
    Client { name: "java", prepare: prepare::java },
    Client { name: "confluent-kafka", prepare: prepare::confluent_kafka },
    Client { name: "aiokafka", prepare: prepare::aiokafka },
    Client { name: "kafkajs", prepare: prepare::kafkajs },
    Client { name: "sarama", prepare: prepare::sarama },
    Client { name: "segmentio", prepare: prepare::segmentio },
    Client { name: "rdkafka", prepare: prepare::rdkafka },
];

/// Where the clients find a broker.
pub enum Target<'a> {
    /// A broker process is started from this binary, with a fresh folder.
    Binary(&'a Path),
    /// A broker that is already there.
    Bootstrap(&'a str),
}

/// Runs the clients whose name contains `only` and prints a verdict for each.
///
/// # Errors
/// When a client could not be prepared or one of its steps failed.
pub fn run(target: &Target<'_>, only: Option<&str>) -> Result<()> {
    let sources = crate::repository().join("e2e/clients");
    let folder = tempfile::tempdir()?;
    let (mut passed, mut failed) = (0, 0);
    for client in CLIENTS.iter().filter(|c| only.is_none_or(|only| c.name.contains(only))) {
        let started = Instant::now();
        let outcome = one(client, &sources, target, &folder.path().join(client.name));
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(verdict) => {
                passed += 1;
                println!("ok    {} ({verdict}, {seconds:.1} s)", client.name);
            }
            Err(error) => {
                failed += 1;
                println!("FAIL  {} ({seconds:.1} s): {error}", client.name);
            }
        }
    }
    println!("clients: {passed} passed, {failed} failed");
    if failed > 0 || passed == 0 {
        return Err(Failure::new("the client matrix failed"));
    }
    Ok(())
}

/// A broker of its own for each client, so that none builds on what another left behind.
fn one(client: &Client, sources: &Path, target: &Target<'_>, folder: &Path) -> Result<String> {
    let mut command = (client.prepare)(sources).context("preparing")?;
    let broker = match target {
        Target::Binary(binary) => {
            Some(Broker::start(binary, folder, &["group.initial.rebalance.delay.ms=0"])?)
        }
        Target::Bootstrap(_) => None,
    };
    match (target, &broker) {
        (Target::Bootstrap(address), _) => command.arg(address),
        (Target::Binary(_), Some(broker)) => command.arg(broker.bootstrap()),
        (Target::Binary(_), None) => return Err(Failure::new("no broker was started")),
    };
    let printed = bounded(&mut command, folder)?;
    if let Some(mut broker) = broker {
        broker.terminate()?;
    }
    Ok(printed.lines().last().unwrap_or_default().to_owned())
}

/// The output of a program that is killed when it takes too long.
fn bounded(command: &mut Command, folder: &Path) -> Result<String> {
    std::fs::create_dir_all(folder)?;
    let output = folder.join("client.log");
    let file = std::fs::File::create(&output)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()
        .context(command.get_program().to_string_lossy())?;
    let deadline = Instant::now() + CLIENT_MAX;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if Instant::now() > deadline {
            program::signal_process(child.id(), rustix::process::Signal::KILL);
            child.wait()?;
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let printed = std::fs::read_to_string(&output)?;
    match status {
        Some(status) if status.success() => Ok(printed),
        Some(status) => Err(Failure::new(format!("{status}\n{}", failures(&printed)))),
        None => Err(Failure::new(format!("no end after {CLIENT_MAX:?}\n{printed}"))),
    }
}

/// The output without the steps that went well.
fn failures(printed: &str) -> String {
    let lines: Vec<&str> = printed.lines().filter(|line| !line.starts_with("ok ")).collect();
    lines.join("\n")
}
