//! A node loses its disk under load: it comes back empty, votes again, and gets everything back.

use std::time::Instant;

use crate::ensure;
use crate::failure::Result;
use crate::kafka::Connection;
use crate::scenario::brokers::{Brokers, Patience, THREE};
use crate::scenario::stage::{READY_MAX, Stage, cluster_of};

const CLUSTER: &str = "diskless";

/// The disk of the active controller, which is a broker too.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    stage.apply(&cluster_of(CLUSTER, THREE))?;
    stage.settled(CLUSTER, READY_MAX)?;
    let brokers = Brokers::new(stage, CLUSTER);
    brokers.create_topic("")?;
    let mut load = brokers.load(Patience::Short)?;

    let begun = Instant::now();
    let active = brokers.ask(Connection::quorum)?.leader;
    let pod = brokers.of(active)?.pod;
    let claim = format!("data-{pod}");
    let uid = || stage.kubectl(&["get", "pvc", &claim, "-o", "jsonpath={.metadata.uid}"]);
    let before = uid()?;
    stage.kubectl(&["delete", "pvc", &claim, "--wait=false"])?;
    stage.kubectl(&["delete", "pod", &pod, "--grace-period=0", "--force"])?;
    let wait = load.mark()?;
    stage.kubernetes.until("there is a new disk", READY_MAX, || Ok(uid()? != before))?;
    brokers.whole(3)?;
    let took = begun.elapsed().as_secs_f64();
    let wait = load.mark()?.max(wait).as_secs_f64();
    stage.say(&format!(
        "active controller without its disk: longest wait {wait:.2} s, {took:.1} s until whole"
    ));

    let quorum = brokers.ask(Connection::quorum)?;
    let mut voters: Vec<i32> = quorum.voters.iter().map(|(id, _)| *id).collect();
    voters.sort_unstable();
    ensure!(voters == [0, 1, 2] && quorum.observers.is_empty(), "the quorum is {quorum:?}");
    brokers.judge(load)
}
