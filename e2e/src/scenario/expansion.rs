//! From one broker to three, under the load of a default client: new topics have three replicas,
//! and those that exist get them when their spec says so.

use std::time::{Duration, Instant};

use crate::ensure;
use crate::failure::Result;
use crate::kafka::Partition;
use crate::scenario::brokers::{Brokers, PARTITIONS, Patience, TOPIC};
use crate::scenario::stage::{Stage, cluster_of, topic_of};

const CLUSTER: &str = "small";
const POOLS: &str = "  - {name: brokers, storage: {size: 1Gi}}
  - {name: more, roles: [broker], replicas: 2, firstNodeId: 1, storage: {size: 1Gi}}
";
/// How long it takes until two more brokers serve and the first has the config of three.
const GROWN_MAX: Duration = Duration::from_secs(120);

/// The smallest cluster grows.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    stage.cluster(CLUSTER)?;
    let ledger = format!("  partitions: {PARTITIONS}\n");
    stage.apply(&topic_of(CLUSTER, TOPIC, &ledger))?;
    stage.ready(&format!("kafkatopic/{TOPIC}"))?;
    let brokers = Brokers::new(stage, CLUSTER);
    let mut load = brokers.load(Patience::Default)?;

    let begun = Instant::now();
    stage.apply(&cluster_of(CLUSTER, POOLS))?;
    stage.settled(CLUSTER, GROWN_MAX)?;
    let took = begun.elapsed().as_secs_f64();
    let wait = load.mark()?.as_secs_f64();
    stage.say(&format!("three brokers instead of one after {took:.1} s, longest wait {wait:.2} s"));
    stage.apply(&topic_of(CLUSTER, "newer", "  partitions: 3\n"))?;
    stage.ready("kafkatopic/newer")?;
    let newer = brokers.topic("newer")?;
    let is_whole =
        |partition: &Partition| partition.replicas.len() == 3 && partition.in_sync.len() == 3;
    ensure!(newer.iter().all(is_whole), "a new topic has not three replicas: {newer:?}");

    stage.apply(&topic_of(CLUSTER, TOPIC, &format!("{ledger}  replicas: 3\n")))?;
    brokers.until(TOPIC, "the older topic has three replicas", GROWN_MAX, is_whole)?;
    stage.ready(&format!("kafkatopic/{TOPIC}"))?;
    brokers.whole(3)?;
    brokers.judge(load)
}
