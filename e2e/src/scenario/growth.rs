//! A larger size in the spec makes the volume grow, without a restart of the broker.

use crate::ensure;
use crate::failure::Result;
use crate::scenario::stage::{READY_MAX, Stage};

/// From 1 GiB to 2 GiB. The StorageClass of the bed grows a volume by its numbers alone.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    stage.cluster("growing")?;
    let started = stage.kubectl(&["get", &stage.pod("growing")?, "-o", UID])?;
    let patch = r#"[{"op":"replace","path":"/spec/nodePools/0/storage/size","value":"2Gi"}]"#;
    stage.kubectl(&["patch", "kafkacluster", "growing", "--type", "json", "-p", patch])?;
    stage.kubernetes.until("the claim has 2Gi", READY_MAX, || {
        let capacity = "jsonpath={.items[*].status.capacity.storage}";
        let sizes = stage.kubectl(&["get", "persistentvolumeclaims", "-o", capacity])?;
        Ok(sizes.trim() == "2Gi")
    })?;
    stage.ready("kafkacluster/growing")?;
    let now = stage.kubectl(&["get", &stage.pod("growing")?, "-o", UID])?;
    ensure!(started == now, "the broker was restarted");
    Ok(())
}

const UID: &str = "jsonpath={.metadata.uid}";
