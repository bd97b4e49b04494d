//! A topic's life: created, grown, reconfigured, drift reverted, deleted as its policy says.

use std::time::Duration;

use crate::ensure;
use crate::failure::Result;
use crate::kubernetes::condition;
use crate::scenario::stage::{Link, READY_MAX, Stage, topic_of};

/// How soon what somebody changed behind the operator's back is put right.
const DRIFT_MAX: Duration = Duration::from_secs(5);

/// One topic through its life, then one that the cluster had before.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    stage.cluster("topics")?;
    let mut link = stage.connect("topics")?;
    let config = |partitions: i32, retention: i64| {
        topic_of(
            "topics",
            "orders",
            &format!("  partitions: {partitions}\n  config: {{retention.ms: {retention}}}\n"),
        )
    };
    stage.apply(&config(3, 3_600_000))?;
    stage.ready("kafkatopic/orders")?;
    ensure!(link.connection.partitions("orders")? == Some(3), "it has not 3 partitions");
    let set = link.connection.topic_config("orders", "retention.ms")?;
    ensure!(set.as_deref() == Some("3600000"), "retention.ms is {set:?}");

    stage.apply(&config(6, 7_200_000))?;
    until(stage, "it has 6 partitions and the new retention", READY_MAX, || {
        let set = link.connection.topic_config("orders", "retention.ms")?;
        let grown = link.connection.partitions("orders")? == Some(6);
        Ok(grown && set.as_deref() == Some("7200000"))
    })?;
    drift(stage, &mut link)?;
    adoption(stage, &mut link)?;
    deletion(stage, &mut link)
}

fn drift(stage: &Stage<'_>, link: &mut Link) -> Result<()> {
    link.connection.set_topic_config("orders", "retention.ms", "1000")?;
    let took = until(stage, "the retention is put right", DRIFT_MAX, || {
        let set = link.connection.topic_config("orders", "retention.ms")?;
        Ok(set.as_deref() == Some("7200000"))
    })?;
    stage.say(&format!("drift reverted after {:.1} s (goal 5 s)", took.as_secs_f64()));
    link.connection.delete_topic("orders")?;
    until(stage, "the topic is there again", Duration::from_secs(10), || {
        Ok(link.connection.partitions("orders")? == Some(6))
    })?;
    Ok(())
}

/// A topic that the cluster has already is taken over with its records.
fn adoption(stage: &Stage<'_>, link: &mut Link) -> Result<()> {
    link.connection.create_topic("older", 2, &[])?;
    let batch = crate::kafka::batch(crate::kafka::now_ms(), [b"kept".as_slice()]);
    link.connection.produce("older", 0, batch)?;
    stage.apply(&topic_of("topics", "older", "  partitions: 2\n"))?;
    stage.ready("kafkatopic/older")?;
    ensure!(link.connection.end_offset("older", 0)? == 1, "adoption lost a record");

    // Partitions cannot be taken away: the topic keeps them, and its status says why.
    link.connection.create_topic("wide", 4, &[])?;
    stage.apply(&topic_of("topics", "wide", "  partitions: 2\n"))?;
    until(stage, "fewer partitions are refused in status", Duration::from_secs(5), || {
        let object = stage.kubernetes.get(&stage.namespace, "kafkatopic/wide")?;
        let object = object.unwrap_or_default();
        Ok(condition(&object, "Stalled")?["status"] == "True")
    })?;
    Ok(())
}

/// `Retain`, the default, keeps the records; `Delete` does what it says.
fn deletion(stage: &Stage<'_>, link: &mut Link) -> Result<()> {
    stage.kubectl(&["delete", "kafkatopic", "orders", "--timeout=30s"])?;
    ensure!(link.connection.partitions("orders")? == Some(6), "Retain has deleted the topic");
    stage.apply(&topic_of("topics", "scratch", "  partitions: 1\n  deletionPolicy: Delete\n"))?;
    stage.ready("kafkatopic/scratch")?;
    stage.kubectl(&["delete", "kafkatopic", "scratch", "--timeout=30s"])?;
    until(stage, "Delete has deleted the topic", Duration::from_secs(10), || {
        Ok(link.connection.partitions("scratch")?.is_none())
    })?;
    Ok(())
}

fn until(
    stage: &Stage<'_>,
    what: &str,
    limit: Duration,
    holds: impl FnMut() -> Result<bool>,
) -> Result<Duration> {
    stage.kubernetes.until(what, limit, holds)
}
