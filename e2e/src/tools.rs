//! Apache Kafka's own tools, unmodified, against three brokers.

mod verifiable;

use std::process::Command;
use std::time::{Duration, Instant};

use crate::checks::Tally;
use crate::clients;
use crate::cluster::{Cluster, Node, Plan, until};
use crate::failure::{Context, Result};
use crate::faults::Setting;
use crate::{ensure, program, system};

/// How long the quorum may take to follow a change of its voters.
const VOTERS_MAX: Duration = Duration::from_secs(30);

/// What is tried on a cluster.
struct Trial {
    name: &'static str,
    run: fn(Setting<'_>) -> Result<()>,
}

const TRIALS: &[Trial] = &[
    Trial { name: "admin", run: admin },
    Trial { name: "voters", run: voters },
    Trial { name: "verifiable", run: verifiable::run },
];

/// Runs the trials of these names (all, if there are none), each on a fresh cluster.
///
/// # Errors
/// When there is no trial of a name.
pub fn run(setting: Setting<'_>, names: &[String]) -> Result<Tally> {
    let known: Vec<&str> = TRIALS.iter().map(|trial| trial.name).collect();
    let unknown = names.iter().find(|name| !known.contains(&name.as_str()));
    ensure!(unknown.is_none(), "no trial {unknown:?}: there are {}", known.join(", "));
    let mut tally = Tally::default();
    for trial in TRIALS.iter().filter(|t| names.is_empty() || names.iter().any(|n| n == t.name)) {
        println!("  java {} …", trial.name);
        let begun = Instant::now();
        let outcome = (trial.run)(setting);
        let seconds = begun.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => {
                tally.passed += 1;
                println!("  ok    java {} ({seconds:.1} s)", trial.name);
            }
            Err(error) => {
                tally.failed += 1;
                println!("  FAIL  java {} ({seconds:.1} s): {error}", trial.name);
            }
        }
    }
    Ok(tally)
}

/// Topics, reassignments, elections, log directories, the quorum.
fn admin(setting: Setting<'_>) -> Result<()> {
    let cluster = Cluster::start(&Plan::three(setting.system))?;
    let mut matrix = clients::java(&crate::repository().join("e2e/clients"))?;
    matrix.arg(cluster.bootstrap().join(","));
    let printed = program::output(&mut matrix).map_err(|error| cluster.explain(&error))?;
    println!("    {}", printed.lines().last().unwrap_or_default());
    Ok(())
}

/// A controller is removed from the voters and added again.
fn voters(setting: Setting<'_>) -> Result<()> {
    let cluster = Cluster::start(&Plan::three(setting.system))?;
    let outcome = remove_and_add(&cluster);
    outcome.map_err(|error| cluster.explain(&error))
}

fn remove_and_add(cluster: &Cluster) -> Result<()> {
    let active = cluster.quorum()?.leader;
    let other = cluster.nodes().iter().find(|node| node.id() != active);
    let other = other.context("no other controller")?;
    let (id, directory) = (other.id().to_string(), other.directory_id().to_string());
    let bootstrap = cluster.bootstrap().join(",");
    program::output(quorum(&bootstrap)?.args([
        "remove-controller",
        "--controller-id",
        &id,
        "--controller-directory-id",
        &directory,
    ]))?;
    until("two voters and an observer are left", VOTERS_MAX, || {
        let quorum = cluster.quorum()?;
        Ok((quorum.voters.len() != 2).then(|| format!("{quorum:?}")))
    })?;
    cluster.create("with-two-voters", 1, &[])?;
    program::output(add(&bootstrap, other)?.arg("add-controller"))?;
    until("three voters are there again", VOTERS_MAX, || {
        let quorum = cluster.quorum()?;
        Ok((quorum.voters.len() != 3).then(|| format!("{quorum:?}")))
    })?;
    cluster.create("with-three-voters", 1, &[])
}

fn quorum(bootstrap: &str) -> Result<Command> {
    let mut command = system::java()?;
    command.args(["-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]);
    command.arg("org.apache.kafka.tools.MetadataQuorumCommand");
    command.args(["--bootstrap-server", bootstrap]);
    Ok(command)
}

/// The tool reads from the node's own file who it is.
fn add(bootstrap: &str, node: &Node) -> Result<Command> {
    let mut command = quorum(bootstrap)?;
    command.arg("--command-config").arg(node.properties());
    Ok(command)
}
