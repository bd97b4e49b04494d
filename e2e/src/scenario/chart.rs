//! The chart upgrades without touching the brokers, and its removal leaves them running.

use crate::deployment;
use crate::ensure;
use crate::failure::Result;
use crate::scenario::Stage;

/// An upgrade, a removal, and an installation that finds everything again.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    stage.cluster("lasting")?;
    let uid = |stage: &Stage<'_>| {
        stage.kubectl(&["get", &stage.pod("lasting")?, "-o", "jsonpath={.metadata.uid}"])
    };
    let before = uid(stage)?;
    deployment::install(&stage.kubernetes, &["podAnnotations.upgraded=once"])?;
    stage.ready("kafkacluster/lasting")?;
    ensure!(uid(stage)? == before, "the upgrade of the operator restarted a broker");

    deployment::uninstall(&stage.kubernetes)?;
    ensure!(uid(stage)? == before, "the removal of the operator touched a broker");
    let mut link = stage.connect("lasting")?;
    link.connection.create_topic("meanwhile", 1, &[])?;

    deployment::install(&stage.kubernetes, &[])?;
    stage.ready("kafkacluster/lasting")?;
    ensure!(uid(stage)? == before, "the new operator restarted a broker");
    Ok(())
}
