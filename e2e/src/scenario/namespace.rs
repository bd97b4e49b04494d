//! A namespace goes away when it is deleted, whatever state its clusters and topics are in.

use crate::failure::{Context, Result};
use crate::scenario::stage::{Stage, cluster, topic_of};

/// Healthy; with a cluster that never got ready; with topics of a cluster that never was.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    for name in ["healthy", "unready", "orphaned"] {
        let inner = Stage {
            bed: stage.bed,
            kubernetes: stage.kubernetes.clone(),
            namespace: format!("{}-{name}", stage.namespace),
            is_shared: stage.is_shared,
        };
        inner.kubernetes.restricted_namespace(&inner.namespace)?;
        match name {
            "healthy" => healthy(&inner),
            "unready" => unready(&inner),
            _ => orphaned(&inner),
        }
        .context(name)?;
        let namespace = inner.namespace.as_str();
        inner
            .kubernetes
            .kubectl(&["delete", "namespace", namespace, "--timeout=60s"])
            .context(name)?;
    }
    Ok(())
}

fn healthy(stage: &Stage<'_>) -> Result<()> {
    stage.cluster("healthy")?;
    for (name, policy) in [("kept", "Retain"), ("gone", "Delete")] {
        let more = format!("  partitions: 1\n  deletionPolicy: {policy}\n");
        stage.apply(&topic_of("healthy", name, &more))?;
        stage.ready(&format!("kafkatopic/{name}"))?;
    }
    Ok(())
}

fn unready(stage: &Stage<'_>) -> Result<()> {
    let broken = format!("{}  image: barnabas/no-such-image:0\n", cluster("unready"));
    stage.apply(&broken)?;
    let more = "  partitions: 1\n  deletionPolicy: Delete\n";
    stage.apply(&topic_of("unready", "waiting", more))
}

fn orphaned(stage: &Stage<'_>) -> Result<()> {
    let more = "  partitions: 1\n  deletionPolicy: Delete\n";
    stage.apply(&topic_of("no-such-cluster", "orphan", more))
}
