//! A fourth broker comes, gets replicas and serves; it goes only when it holds none any more.

use std::time::{Duration, Instant};

use crate::ensure;
use crate::failure::Result;
use crate::kafka::{Connection, Partition};
use crate::scenario::brokers::{Broker, Brokers, Patience, TOPIC};
use crate::scenario::stage::{READY_MAX, Stage, cluster_of, topic_of};

const CLUSTER: &str = "scaling";
/// The broker that comes and goes.
const FOURTH: i32 = 13;
const FIRST: [i32; 3] = [10, 11, 12];
/// How long replicas may take to move.
const MOVED_MAX: Duration = Duration::from_secs(60);

/// Three, four and three brokers, under the load of a default client.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    stage.apply(&manifest(3))?;
    stage.settled(CLUSTER, READY_MAX)?;
    let brokers = Brokers::new(stage, CLUSTER);
    brokers.create_topic("")?;
    let before = brokers.list()?;
    let mut load = brokers.load(Patience::Default)?;

    out(stage)?;
    let all = brokers.list()?;
    ensure!(before.iter().all(|broker| all.contains(broker)), "a broker that was there restarted");
    let moved = lead(brokers)?.as_secs_f64();
    let wait = load.mark()?.as_secs_f64();
    stage.say(&format!("it leads a partition after {moved:.1} s, longest wait {wait:.2} s"));

    refused(stage, &all)?;
    let begun = Instant::now();
    clear(stage)?;
    brokers.whole(3)?;
    let gone = begun.elapsed().as_secs_f64();
    let wait = load.mark()?.as_secs_f64();
    stage.say(&format!("it goes {gone:.1} s after the first move, longest wait {wait:.2} s"));
    ensure!(brokers.list()? == before, "a broker that stays was restarted");
    let known = brokers.ask(Connection::brokers)?;
    ensure!(!known.contains(&FOURTH), "clients still learn of broker {FOURTH}: {known:?}");
    let claim = format!("persistentvolumeclaim/data-{CLUSTER}-brokers-{FOURTH}");
    stage.get(&claim)?;
    brokers.judge(load)
}

/// The fourth broker serves, and new topics use it.
fn out(stage: &Stage<'_>) -> Result<()> {
    let begun = Instant::now();
    stage.apply(&manifest(4))?;
    stage.settled(CLUSTER, READY_MAX)?;
    let took = begun.elapsed().as_secs_f64();
    stage.say(&format!("a fourth broker serves after {took:.1} s"));
    stage.apply(&topic_of(CLUSTER, "wide", "  partitions: 3\n  replicas: 4\n"))?;
    stage.ready("kafkatopic/wide")?;
    let wide = Brokers::new(stage, CLUSTER).topic("wide")?;
    let uses = |partition: &Partition| partition.replicas.contains(&FOURTH);
    ensure!(wide.len() == 3 && wide.iter().all(uses), "the new topic does not use it: {wide:?}");
    Ok(())
}

/// Moves a partition so that the fourth broker leads it: its leader goes.
fn lead(brokers: Brokers<'_>) -> Result<Duration> {
    let begun = Instant::now();
    let leader = brokers.leader()?.id;
    let mut target = vec![FOURTH];
    target.extend(FIRST.iter().filter(|id| **id != leader));
    brokers.reassign(TOPIC, &[(0, target.clone())])?;
    brokers.until(TOPIC, "the new broker leads a partition", MOVED_MAX, |partition| {
        partition.index != 0
            || partition.leader == FOURTH
                && partition.replicas == target
                && partition.in_sync.len() == target.len()
    })?;
    Ok(begun.elapsed())
}

/// Three brokers again: not as long as one holds replicas.
fn refused(stage: &Stage<'_>, all: &[Broker]) -> Result<()> {
    stage.apply(&manifest(3))?;
    let message = stage.told(CLUSTER, "Stalled", "BrokersHoldReplicas", READY_MAX)?;
    stage.say(&message);
    for word in [FOURTH.to_string().as_str(), TOPIC, "wide", "kafka-reassign-partitions"] {
        ensure!(message.contains(word), "the status does not speak of {word}: {message}");
    }
    let brokers = Brokers::new(stage, CLUSTER).list()?;
    ensure!(brokers == all, "a broker went although it holds replicas");
    Ok(())
}

/// Moves away what the fourth broker holds.
fn clear(stage: &Stage<'_>) -> Result<()> {
    let brokers = Brokers::new(stage, CLUSTER);
    stage.apply(&topic_of(CLUSTER, "wide", "  partitions: 3\n  replicas: 3\n"))?;
    stage.ready("kafkatopic/wide")?;
    for topic in [TOPIC, "wide"] {
        let held = brokers.topic(topic)?;
        let held = held.iter().filter(|partition| partition.replicas.contains(&FOURTH));
        let moves: Vec<_> = held.map(|partition| (partition.index, FIRST.to_vec())).collect();
        brokers.reassign(topic, &moves)?;
        brokers.until(topic, "no replica is on the fourth broker", MOVED_MAX, |partition| {
            !partition.replicas.contains(&FOURTH)
        })?;
    }
    Ok(())
}

fn manifest(brokers: usize) -> String {
    let pools = format!(
        "  - {{name: control, roles: [controller], storage: {{size: 1Gi}}}}
  - {{name: brokers, roles: [broker], replicas: {brokers}, firstNodeId: 10, \
         storage: {{size: 1Gi}}}}\n"
    );
    cluster_of(CLUSTER, &pools)
}
