//! All brokers are killed at the same moment, under the load of a default client, on a topic that
//! is flushed before it acknowledges.

use std::time::Instant;

use crate::ensure;
use crate::failure::Result;
use crate::scenario::brokers::{Broker, Brokers, Patience, THREE};
use crate::scenario::stage::{READY_MAX, Stage, cluster_of};

const CLUSTER: &str = "outage";
const ROUNDS: usize = 2;

/// The second time, the kubelet waits before it starts them again.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    stage.apply(&cluster_of(CLUSTER, THREE))?;
    stage.settled(CLUSTER, READY_MAX)?;
    let brokers = Brokers::new(stage, CLUSTER);
    brokers.create_topic("  config: {flush.messages: 1}\n")?;
    let mut load = brokers.load(Patience::Default)?;
    for round in 1..=ROUNDS {
        load.mark()?;
        let uids: Vec<String> = brokers.list()?.into_iter().map(|broker| broker.uid).collect();
        let begun = Instant::now();
        stage.bed.kill_in_pods("barnabas-broker", &uids)?;
        let wait = load.mark()?;
        brokers.whole(3)?;
        let back = begun.elapsed().as_secs_f64();
        let wait = load.mark()?.max(wait).as_secs_f64();
        stage.say(&format!(
            "all brokers killed, {round}: longest wait {wait:.2} s, in sync after {back:.1} s"
        ));
        for Broker { pod, .. } in brokers.list()? {
            let path = "jsonpath={.status.containerStatuses[0].restartCount}";
            let restarts = stage.kubectl(&["get", "pod", &pod, "-o", path])?;
            ensure!(restarts.trim() == round.to_string(), "{pod} restarted {restarts} times");
        }
    }
    brokers.judge(load)
}
