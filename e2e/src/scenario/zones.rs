//! Three brokers in three zones, under a load that knows what must come of it: a pod is killed, a
//! node dies, a broker is cut off. Nothing that was acknowledged may be lost.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::failure::{Context, Result};
use crate::kafka::{Connection, Partition};
use crate::load::Remote;
use crate::scenario::{Stage, topic_of};
use crate::{ensure, fail};

const CLUSTER: &str = "zones";
const TOPIC: &str = "ledger";
const PARTITIONS: i32 = 6;
/// How long a broker may take to be back and in sync: its node may have to come back first.
const WHOLE_MAX: Duration = Duration::from_secs(120);
/// How long a broker stays cut off after sends went on.
const CUT_OFF: Duration = Duration::from_secs(5);

/// A pod of a broker.
struct Broker {
    id: i32,
    pod: String,
    node: String,
    address: String,
}

/// One fault after the other, each when the one before has left nothing behind.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    let begun = Instant::now();
    stage.apply(&cluster())?;
    stage.ready(&format!("kafkacluster/{CLUSTER}"))?;
    println!("    three brokers, apply to Ready: {:.1} s", begun.elapsed().as_secs_f64());
    let nodes: BTreeSet<String> = brokers(stage)?.into_iter().map(|broker| broker.node).collect();
    ensure!(nodes.len() == 3, "the brokers are not in three zones, but on {nodes:?}");
    stage.apply(&topic_of(CLUSTER, TOPIC, "  partitions: 6\n  replicas: 3\n"))?;
    stage.ready(&format!("kafkatopic/{TOPIC}"))?;
    whole(stage)?;

    let mut load = Remote::start(&mut load_command(stage)?)?;
    pod_is_killed(stage, &mut load).context("a pod is killed")?;
    node_dies(stage, &mut load).context("a node dies")?;
    broker_is_cut_off(stage, &mut load).context("a broker is cut off")?;
    let outcome = load.finish()?;
    let verdict = &outcome.verdict;
    println!(
        "    {} acknowledged, {} failed, {} lost, {} duplicated, {} misordered; p99 {:.0} ms",
        verdict.acked,
        verdict.failed,
        verdict.lost,
        verdict.duplicated,
        verdict.misordered,
        outcome.p99_ms
    );
    outcome.must_be_whole()
}

fn pod_is_killed(stage: &Stage<'_>, load: &mut Remote) -> Result<()> {
    let leader = leader(stage)?;
    stage.kubectl(&["delete", "pod", &leader.pod, "--grace-period=0", "--force"])?;
    survived(stage, load, "a pod is killed")
}

fn node_dies(stage: &Stage<'_>, load: &mut Remote) -> Result<()> {
    let leader = leader(stage)?;
    stage.bed.kill_node(&leader.node)?;
    let wait = load.mark();
    stage.bed.start_node(&leader.node)?;
    println!("    {:<40} {:>6.2} s", "a node dies: longest wait", wait?.as_secs_f64());
    survived(stage, load, "the node comes back")
}

fn broker_is_cut_off(stage: &Stage<'_>, load: &mut Remote) -> Result<()> {
    let leader = leader(stage)?;
    stage.bed.isolate(&leader.address)?;
    let wait = load.mark();
    std::thread::sleep(CUT_OFF);
    stage.bed.rejoin(&leader.address)?;
    println!("    {:<40} {:>6.2} s", "a broker is cut off: longest wait", wait?.as_secs_f64());
    survived(stage, load, "it is reached again")
}

/// Waits until everything is in sync and prints how long a record has waited at most.
fn survived(stage: &Stage<'_>, load: &mut Remote, what: &str) -> Result<()> {
    let wait = load.mark()?;
    let begun = Instant::now();
    whole(stage)?;
    let back = begun.elapsed().as_secs_f64();
    // What was ordered may have happened only after the first mark.
    let wait = load.mark()?.max(wait).as_secs_f64();
    let what = format!("{what}: longest wait");
    println!("    {what:<40} {wait:>6.2} s, in sync after {back:.1} s");
    Ok(())
}

/// In the network of the bed, where the names of the brokers resolve. The client gives a broker
/// that says nothing one second.
fn load_command(stage: &Stage<'_>) -> Result<std::process::Command> {
    let own = stage.bed.own_program()?;
    let mut command = stage.bed.inside(&own.display().to_string());
    let bootstrap = format!("{CLUSTER}-bootstrap.{}:9092", stage.namespace);
    command.args(["load", "--bootstrap", &bootstrap, "--topic", TOPIC, "--rate", "500"]);
    command.args(["--partitions", &PARTITIONS.to_string(), "--impatient"]);
    Ok(command)
}

/// Waits until the pods run and every replica is in sync.
fn whole(stage: &Stage<'_>) -> Result<()> {
    let limit = WHOLE_MAX;
    stage.kubernetes.until("all replicas are in sync", limit, || {
        let brokers = brokers(stage)?;
        let state = topic(&brokers)?;
        Ok(brokers.len() == 3 && state.iter().all(|partition| partition.in_sync.len() == 3))
    })?;
    stage.kubernetes.wait(&stage.namespace, &format!("kafkacluster/{CLUSTER}"), "Ready", limit)
}

/// The broker that leads partition 0.
fn leader(stage: &Stage<'_>) -> Result<Broker> {
    let brokers = brokers(stage)?;
    let state = topic(&brokers)?;
    let leader = state.first().context("no partition")?.leader;
    brokers.into_iter().find(|broker| broker.id == leader).context("no pod of the leader")
}

/// The partitions, as the first broker that answers sees them.
fn topic(brokers: &[Broker]) -> Result<Vec<Partition>> {
    for broker in brokers {
        let answer = Connection::open(&format!("{}:9092", broker.address));
        if let Ok(state) = answer.and_then(|mut connection| connection.topic_state(TOPIC)) {
            return Ok(state);
        }
    }
    fail!("no broker answers")
}

/// The pods that have an address.
fn brokers(stage: &Stage<'_>) -> Result<Vec<Broker>> {
    let label = format!("kafka.barnabas.dev/cluster={CLUSTER}");
    let path = "jsonpath={range .items[*]}{.metadata.name} {.spec.nodeName} {.status.podIP}\n{end}";
    let listed = stage.kubectl(&["get", "pods", "-l", &label, "-o", path])?;
    let mut brokers = Vec::new();
    for line in listed.lines() {
        let mut words = line.split_whitespace().map(str::to_owned);
        let (Some(pod), Some(node), Some(address)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        // The ordinal of a pod is the id of its node.
        let id = pod.rsplit('-').next().and_then(|id| id.parse().ok());
        brokers.push(Broker { id: id.context("a pod without ordinal")?, pod, node, address });
    }
    Ok(brokers)
}

fn cluster() -> String {
    format!(
        "apiVersion: kafka.barnabas.dev/v1alpha1
kind: KafkaCluster
metadata: {{name: {CLUSTER}}}
spec:
  nodePools:
  - name: brokers
    replicas: 3
    storage: {{size: 1Gi}}
  listeners:
  - {{name: clients, port: 9092}}
"
    )
}
