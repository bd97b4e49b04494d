//! Records and the offsets of groups survive the deletion of the pod and a kill -9 of the broker.

use std::time::Duration;

use crate::ensure;
use crate::failure::{Context, Result};
use crate::kafka;
use crate::scenario::stage::{READY_MAX, Stage, topic_of};

const RECORDS: i64 = 1_000;
const GROUP: &str = "readers";

/// A cluster with a topic; records and a committed offset; then the two ends.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    let took = stage.cluster("durable")?;
    stage.say(&format!("cluster apply to Ready: {:.1} s (goal 15 s)", took.as_secs_f64()));
    stage.apply(&topic_of("durable", "ledger", "  partitions: 3\n"))?;
    stage.ready("kafkatopic/ledger")?;
    let mut link = stage.connect("durable")?;
    for partition in 0..3 {
        let values: Vec<String> = (0..RECORDS).map(|n| format!("{partition}-{n}")).collect();
        let batch = kafka::batch(kafka::now_ms(), values.iter().map(String::as_bytes));
        link.connection.produce("ledger", partition, batch)?;
    }
    link.connection.commit(GROUP, "ledger", 1, 417)?;
    drop(link);

    let before = stage.pod("durable")?;
    stage.kubectl(&["delete", &before, "--wait=true"])?;
    everything_is_there(stage).context("after the deletion of the pod")?;

    let uid = container_of(stage)?;
    stage.bed.kill_in_pods("barnabas-broker", &[uid_of(stage)?])?;
    stage.kubernetes.until(
        "a new container runs",
        READY_MAX,
        || Ok(container_of(stage)? != uid),
    )?;
    everything_is_there(stage).context("after kill -9")
}

fn everything_is_there(stage: &Stage<'_>) -> Result<()> {
    let mut link = stage.connect("durable")?;
    for partition in 0..3 {
        let end = link.connection.end_offset_when_led("ledger", partition)?;
        ensure!(end == RECORDS, "partition {partition} ends at {end}");
        let values = kafka::read_values(&mut link.connection, "ledger", partition, 0, end)?;
        let right = values
            .iter()
            .enumerate()
            .all(|(n, value)| *value == format!("{partition}-{n}").into_bytes());
        ensure!(right, "partition {partition} holds something else");
    }
    let committed = link.connection.committed(GROUP, "ledger", 1)?;
    ensure!(committed == 417, "the group is at {committed}");
    stage.ready("kafkacluster/durable")?;
    stage.kubernetes.wait(&stage.namespace, "kafkatopic/ledger", "Ready", Duration::from_secs(10))
}

fn uid_of(stage: &Stage<'_>) -> Result<String> {
    stage.kubectl(&["get", &stage.pod("durable")?, "-o", "jsonpath={.metadata.uid}"])
}

fn container_of(stage: &Stage<'_>) -> Result<String> {
    let pod = stage.pod("durable")?;
    let path = "jsonpath={.status.containerStatuses[0].containerID}\
                {.status.containerStatuses[0].state.running.startedAt}";
    stage.kubectl(&["get", &pod, "-o", path])
}
