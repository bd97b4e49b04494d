//! Images that no broker comes up with, under the load of a default client: the roll stops at the
//! first pod, the status says which and why, and the image of before heals it without help.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use barnabas_crds::KafkaCluster;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use crate::ensure;
use crate::failure::{Context, Result};
use crate::image;
use crate::scenario::brokers::{Brokers, Patience, THREE};
use crate::scenario::stage::{READY_MAX, Stage, cluster_of};
use crate::scenario::watch::{Pods, Watch, always_ready};

const CLUSTER: &str = "broken";
/// Nobody serves images there.
const NOWHERE: &str = "localhost/barnabas/broker:nowhere";
/// How long the kubelet may take to give up trying at once.
const STUCK_MAX: Duration = Duration::from_secs(90);

/// One that cannot be pulled, then one that is no broker, then the right one.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    stage.apply(&cluster_of(CLUSTER, THREE))?;
    stage.settled(CLUSTER, READY_MAX)?;
    let brokers = Brokers::new(stage, CLUSTER);
    brokers.create_topic("")?;
    let before = brokers.list()?;

    let pods: Watch<Pod> = Watch::start(&stage.kubernetes, &stage.namespace, &brokers.label())?;
    let states: Watch<KafkaCluster> = Watch::start(&stage.kubernetes, &stage.namespace, "")?;
    let mut load = brokers.load(Patience::Default)?;
    let mut named = BTreeSet::new();
    for (image, reason) in [(NOWHERE, "ImagePullBackOff"), (image::BUSYBOX, "CrashLoopBackOff")] {
        named.insert(broken_by(stage, image, reason).context(image)?);
        let wait = load.mark()?.as_secs_f64();
        stage.say(&format!("{reason}: longest wait {wait:.2} s"));
    }
    let begun = Instant::now();
    stage.change(CLUSTER, &json!({"image": null}))?;
    brokers.whole(3)?;
    let wait = load.mark()?.as_secs_f64();
    let healed = begun.elapsed().as_secs_f64();
    stage.say(&format!("the image of before heals it in {healed:.1} s, longest wait {wait:.2} s"));
    brokers.judge(load)?;

    let pods = Pods::of(&pods.finish()?);
    let replaced: BTreeSet<&str> = pods.names().into_iter().collect();
    ensure!(replaced.len() == 1, "more than one broker was restarted: {replaced:?}");
    ensure!(pods.most_away.len() == 1, "away at the same time: {:?}", pods.most_away);
    let stayed = brokers.list()?.iter().filter(|broker| before.contains(broker)).count();
    ensure!(stayed == 2, "{stayed} brokers were left alone");
    let victim = before.iter().find(|broker| replaced.contains(broker.pod.as_str()));
    let victim = victim.context("no broker was restarted")?.id;
    ensure!(named == BTreeSet::from([victim]), "the status named {named:?} instead of {victim}");
    always_ready(&states.finish()?)
}

/// Sets the image, waits until the status says that it does not work, and returns the broker that
/// it names.
fn broken_by(stage: &Stage<'_>, image: &str, reason: &str) -> Result<i32> {
    stage.change(CLUSTER, &json!({ "image": image }))?;
    let message = stage.told(CLUSTER, "Stalled", reason, STUCK_MAX)?;
    stage.say(&message);
    let (_, rest) = message.split_once("broker ").context("the status names no broker")?;
    let id = rest.split_whitespace().next().and_then(|word| word.parse().ok());
    id.context("the status names no broker")
}
