//! A config that needs a restart, changed under the load of a default client: one node at a time,
//! brokers before controllers, the active one last, and nobody who sends or reads notices more
//! than a wait.

use std::time::{Duration, Instant};

use barnabas_crds::KafkaCluster;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use crate::ensure;
use crate::failure::{Context, Result};
use crate::scenario::brokers::{Brokers, Patience};
use crate::scenario::stage::{READY_MAX, Stage, cluster_of};
use crate::scenario::watch::{Change, Pods, Watch, always_ready, reason};

const CLUSTER: &str = "rolling";
const POOLS: &str = "  - {name: control, roles: [controller], replicas: 3, storage: {size: 1Gi}}
  - {name: brokers, roles: [broker], replicas: 3, firstNodeId: 10, storage: {size: 1Gi}}
";
const NODES: usize = 6;
/// How long all nodes may take.
const ROLLED_MAX: Duration = Duration::from_secs(180);

/// One roll of three brokers and three controllers.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    stage.apply(&cluster_of(CLUSTER, POOLS))?;
    stage.settled(CLUSTER, READY_MAX)?;
    let brokers = Brokers::new(stage, CLUSTER);
    brokers.create_topic("")?;

    let pods: Watch<Pod> = Watch::start(&stage.kubernetes, &stage.namespace, &brokers.label())?;
    let states: Watch<KafkaCluster> = Watch::start(&stage.kubernetes, &stage.namespace, "")?;
    let mut load = brokers.load(Patience::Default)?;
    load.mark()?;
    let begun = Instant::now();
    stage.change(CLUSTER, &json!({"config": {"replica.lag.time.max.ms": 20_000}}))?;
    stage.settled(CLUSTER, ROLLED_MAX)?;
    let took = begun.elapsed().as_secs_f64();
    brokers.whole(3)?;
    let wait = load.mark()?.as_secs_f64();
    stage.say(&format!("six nodes restarted in {took:.1} s, longest wait {wait:.2} s"));
    brokers.judge(load)?;

    let (pods, states) = (Pods::of(&pods.finish()?), states.finish()?);
    one_at_a_time(&pods, &states)?;
    status_told(&pods, &states)
}

/// Every node once, never two away, the active controller last.
fn one_at_a_time(pods: &Pods, states: &[Change<KafkaCluster>]) -> Result<()> {
    let away = &pods.most_away;
    ensure!(away.len() == 1, "these did not serve at the same time: {away:?}");
    let names = pods.names();
    let mut each = names.clone();
    each.sort_unstable();
    each.dedup();
    ensure!(names.len() == NODES && each.len() == NODES, "restarted: {names:?}");
    let is_broker = |name: &&str| name.contains("-brokers-");
    ensure!(names[..3].iter().all(is_broker), "controllers before brokers: {names:?}");
    let (last, name) = pods.replaced.last().context("nothing was restarted")?;
    let before = states.iter().rev().filter(|state| state.at < *last);
    let mut leaders =
        before.filter_map(|state| state.object.status.as_ref()?.quorum.as_ref()?.leader_id);
    let leader = leaders.next().context("nobody said who is active")?;
    ensure!(name.ends_with(&format!("-{leader}")), "{leader} was active, the order {names:?}");
    Ok(())
}

/// Ready all the time; at work, for the new generation, until every node was replaced.
fn status_told(pods: &Pods, states: &[Change<KafkaCluster>]) -> Result<()> {
    let generation = states.last().context("no status")?.object.metadata.generation;
    always_ready(states)?;
    let mut rolled = false;
    let mut done = None;
    for Change { at, object, .. } in states {
        let status = object.status.as_ref().context("a cluster without status")?;
        let conditions = &status.conditions;
        let at_work = reason(conditions, "Reconciling");
        let is_new = status.observed_generation == generation;
        rolled |= is_new && at_work == Some("RollingUpdate");
        if is_new && at_work.is_none() && reason(conditions, "Stalled").is_none() {
            done = done.or(Some(*at));
        }
    }
    ensure!(rolled, "the status did not say RollingUpdate for generation {generation:?}");
    let (last, name) = pods.replaced.last().context("nothing was restarted")?;
    let done = done.context("the status did not say that the roll is over")?;
    ensure!(done > *last, "the status said that the roll is over before {name} was restarted");
    Ok(())
}
