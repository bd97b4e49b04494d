//! The operator, killed at any point of a cluster's making, finishes it when it is back.

use std::time::Duration;

use crate::deployment::SYSTEM;
use crate::failure::{Context, Result};
use crate::scenario::OPERATOR_LABEL;
use crate::scenario::stage::{Stage, cluster, topic_of};

/// Milliseconds after the apply at which the operator is killed: from before it has seen the
/// object until after everything is there.
const KILLED_AFTER_MS: [u64; 4] = [0, 150, 600, 2_500];

/// One cluster and topic for each point.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    for (number, after) in KILLED_AFTER_MS.into_iter().enumerate() {
        let name = format!("interrupted{number}");
        stage.apply(&cluster(&name))?;
        stage.apply(&topic_of(&name, &name, "  partitions: 3\n"))?;
        std::thread::sleep(Duration::from_millis(after));
        kill(stage).context("killing the operator")?;
        stage.ready(&format!("kafkacluster/{name}")).context(format!("after {after} ms"))?;
        stage.ready(&format!("kafkatopic/{name}")).context(format!("after {after} ms"))?;
        // A small machine: one broker at a time is enough.
        stage.kubectl(&["delete", "kafkatopic", &name, "--timeout=60s"])?;
        stage.kubectl(&["delete", "kafkacluster", &name, "--timeout=60s"])?;
    }
    Ok(())
}

/// Its pod goes with it, for Kubernetes waits longer from time to time before it starts a
/// container again. The next pod has to wait until the lease of this one ends.
fn kill(stage: &Stage<'_>) -> Result<()> {
    stage.bed.kill("barnabas-operator")?;
    let arguments =
        ["delete", "pods", "-n", SYSTEM, "-l", OPERATOR_LABEL, "--grace-period=0", "--force"];
    stage.kubernetes.kubectl(&arguments).map(|_| ())
}
