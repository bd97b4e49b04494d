//! The chart upgrades without touching the brokers, and its removal leaves them running.

use crate::deployment;
use crate::failure::Result;
use crate::scenario::stage::Stage;
use crate::{ensure, repository};

/// What the plain manifests were rendered with.
const RENDER: &[&str] = &[
    "template",
    "barnabas-operator",
    "charts/barnabas-operator",
    "--namespace",
    deployment::SYSTEM,
    "--set",
    "crds.enabled=false",
];

/// An upgrade, a removal, and an installation that finds everything again.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    plain_manifests_are_the_chart(stage)?;
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

/// `manifests/operator.yaml` is the chart with its defaults, below a namespace of its own.
fn plain_manifests_are_the_chart(stage: &Stage<'_>) -> Result<()> {
    let chart = repository().join("charts/barnabas-operator").display().to_string();
    let mut arguments = RENDER.to_vec();
    arguments[2] = &chart;
    let rendered = stage.kubernetes.helm(&arguments)?;
    let recorded = std::fs::read_to_string(repository().join("manifests/operator.yaml"))?;
    ensure!(
        recorded.trim_end().ends_with(rendered.trim()),
        "manifests/operator.yaml differs from the chart: render it again, its head says how"
    );
    Ok(())
}
