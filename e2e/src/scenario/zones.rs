//! Three brokers in three zones, under a load that knows what must come of it: a pod is killed, a
//! node dies, a broker is cut off. Nothing that was acknowledged may be lost.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::ensure;
use crate::failure::{Context, Result};
use crate::load::Remote;
use crate::scenario::brokers::{Brokers, Patience, THREE};
use crate::scenario::stage::{Stage, cluster_of};

const CLUSTER: &str = "zones";
/// How long a broker stays cut off after sends went on.
const CUT_OFF: Duration = Duration::from_secs(5);

/// One fault after the other, each when the one before has left nothing behind.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    let begun = Instant::now();
    stage.apply(&cluster_of(CLUSTER, THREE))?;
    stage.ready(&format!("kafkacluster/{CLUSTER}"))?;
    stage.say(&format!("three brokers, apply to Ready: {:.1} s", begun.elapsed().as_secs_f64()));
    let brokers = Brokers::new(stage, CLUSTER);
    let nodes: BTreeSet<String> = brokers.list()?.into_iter().map(|broker| broker.node).collect();
    ensure!(nodes.len() == 3, "the brokers are not in three zones, but on {nodes:?}");
    brokers.create_topic("")?;

    let mut load = brokers.load(Patience::Short)?;
    pod_is_killed(stage, &mut load).context("a pod is killed")?;
    node_dies(stage, &mut load).context("a node dies")?;
    broker_is_cut_off(stage, &mut load).context("a broker is cut off")?;
    brokers.judge(load)
}

fn pod_is_killed(stage: &Stage<'_>, load: &mut Remote) -> Result<()> {
    let leader = Brokers::new(stage, CLUSTER).leader()?;
    stage.kubectl(&["delete", "pod", &leader.pod, "--grace-period=0", "--force"])?;
    survived(stage, load, "a pod is killed")
}

fn node_dies(stage: &Stage<'_>, load: &mut Remote) -> Result<()> {
    let leader = Brokers::new(stage, CLUSTER).leader()?;
    stage.bed.kill_node(&leader.node)?;
    let wait = load.mark();
    stage.bed.start_node(&leader.node)?;
    stage.say(&format!("{:<40} {:>6.2} s", "a node dies: longest wait", wait?.as_secs_f64()));
    survived(stage, load, "the node comes back")
}

fn broker_is_cut_off(stage: &Stage<'_>, load: &mut Remote) -> Result<()> {
    let leader = Brokers::new(stage, CLUSTER).leader()?;
    stage.bed.isolate(&leader.address)?;
    let wait = load.mark();
    std::thread::sleep(CUT_OFF);
    stage.bed.rejoin(&leader.address)?;
    let wait = wait?.as_secs_f64();
    stage.say(&format!("{:<40} {wait:>6.2} s", "a broker is cut off: longest wait"));
    survived(stage, load, "it is reached again")
}

/// Waits until everything is in sync and prints how long a record has waited at most.
fn survived(stage: &Stage<'_>, load: &mut Remote, what: &str) -> Result<()> {
    let wait = load.mark()?;
    let begun = Instant::now();
    Brokers::new(stage, CLUSTER).whole(3)?;
    let back = begun.elapsed().as_secs_f64();
    // What was ordered may have happened only after the first mark.
    let wait = load.mark()?.max(wait).as_secs_f64();
    let what = format!("{what}: longest wait");
    stage.say(&format!("{what:<40} {wait:>6.2} s, in sync after {back:.1} s"));
    Ok(())
}
