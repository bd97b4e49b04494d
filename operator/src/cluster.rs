//! The controller of `KafkaCluster`: dereference, validate, build, plan, apply, status.

use std::sync::Arc;
use std::time::Duration;

use barnabas_crds::{KafkaCluster, KafkaClusterStatus};
use jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::controller::Action as Next;
use kube::runtime::events::EventType;
use kube::{Client, ResourceExt};
use serde_json::json;

use crate::MANAGER;
use crate::condition::Health;
use crate::event::{Events, namespace_ends};
use crate::metrics::Metrics;

mod apply;
pub mod build;
mod controller;
mod dereference;
#[cfg(test)]
mod fixtures;
mod plan;
mod quantity;
mod status;
mod validate;

pub use controller::{api, run};
pub use validate::Defaults;

use plan::Action;

/// How long after a pass everything is looked at again, in case an event was lost.
const AGAIN: Duration = Duration::from_secs(300);

/// A pass failed and is repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The API server refused or did not answer.
    #[error("kubernetes: {0}")]
    Kube(#[from] kube::Error),
}

/// What every pass needs.
pub struct Context {
    /// The API server.
    pub client: Client,
    /// Fills in what specs leave out.
    pub defaults: Defaults,
    /// Where acts are told.
    pub events: Events,
    /// Where they are counted.
    pub metrics: Metrics,
}

/// One pass over one cluster.
async fn reconcile(cluster: Arc<KafkaCluster>, context: Arc<Context>) -> Result<Next, Error> {
    // Children go by their owner references; disks stay or go as the StatefulSet says.
    if cluster.metadata.deletion_timestamp.is_some() {
        return Ok(Next::await_change());
    }
    let id = cluster_id(&context.client, &cluster).await?;
    let valid = match validate::validate(&cluster, &id, &context.defaults) {
        Ok(valid) => valid,
        Err(invalid) => {
            let health = Health::stalled(invalid.reason(), invalid.to_string());
            let status = cluster.status.clone().unwrap_or_default();
            write_status(&context, &cluster, status, &health).await?;
            return Ok(Next::await_change());
        }
    };
    if cluster.status.as_ref().and_then(|status| status.cluster_id.as_ref()) != Some(&id) {
        // The id must never be lost: it is written down before anything carries it.
        let status = KafkaClusterStatus {
            cluster_id: Some(id.clone()),
            ..cluster.status.clone().unwrap_or_default()
        };
        let health = Health::reconciling("Starting", "creating the cluster's objects");
        write_status(&context, &cluster, status, &health).await?;
    }
    let wanted = build::build(&valid);
    let observed = dereference::dereference(&context.client, &cluster, &wanted).await?;
    let status = status::status(&valid, &observed);
    let health = match plan::plan(&valid, &wanted, &observed) {
        Err(conflict) => Health::stalled("NameTaken", conflict.to_string()),
        Ok(actions) => match carry_out(&context, &cluster, &actions).await? {
            None => status::health(&valid, &observed, &actions),
            Some(refused) => refused,
        },
    };
    let stalled = health.stalled.is_some();
    write_status(&context, &cluster, status, &health).await?;
    Ok(Next::requeue(if stalled { Duration::from_secs(30) } else { AGAIN }))
}

/// The cluster's id: from the status, from disks that outlived an earlier resource of the same
/// name, or a new one.
async fn cluster_id(client: &Client, cluster: &KafkaCluster) -> Result<String, Error> {
    if let Some(id) = cluster.status.as_ref().and_then(|status| status.cluster_id.clone()) {
        return Ok(id);
    }
    if let Some(id) = dereference::id_on_disks(client, cluster).await? {
        return Ok(id);
    }
    Ok(new_id())
}

/// A random id as Kafka makes them: no leading dash, which command lines would take for an option.
fn new_id() -> String {
    loop {
        let mut bytes: [u8; 16] = rand::random();
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let id = barnabas_wire::Uuid(bytes).to_string();
        if !id.starts_with('-') {
            return id;
        }
    }
}

/// Takes the steps in order. Answers with why the API server refuses one, when trying again would
/// change nothing.
async fn carry_out(
    context: &Context,
    cluster: &KafkaCluster,
    actions: &[Action],
) -> Result<Option<Health>, Error> {
    let namespace = cluster.namespace().unwrap_or_default();
    for action in actions {
        let title = match action {
            Action::Apply(rendered) => format!("applied {}", rendered.title()),
            Action::GrowClaim { name, size } => format!("asked for {} of disk {name}", size.0),
            Action::Replace { name, .. } => format!("replacing StatefulSet {name}"),
            Action::Restart { pod, why, .. } => format!("restarting {pod}: {why}"),
        };
        match apply::apply(&context.client, &namespace, action).await {
            Ok(()) => {
                tracing::info!(cluster = cluster.name_any(), namespace, "{title}");
                if let Some(reason) = event_reason(action) {
                    context.events.publish(cluster, EventType::Normal, reason, &title).await;
                }
            }
            Err(error) if namespace_ends(&error) => return Ok(None),
            Err(kube::Error::Api(status)) if matches!(status.code, 403 | 422) => {
                let reason = match action {
                    Action::GrowClaim { .. } => "StorageCannotGrow",
                    _ => "Refused",
                };
                let message = format!("{title}: refused: {}", status.message);
                context.events.publish(cluster, EventType::Warning, reason, &message).await;
                return Ok(Some(Health::stalled(reason, message)));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

fn event_reason(action: &Action) -> Option<&'static str> {
    match action {
        Action::Apply(_) => None,
        Action::GrowClaim { .. } => Some("GrowingStorage"),
        Action::Replace { .. } => Some("ReplacingStatefulSet"),
        Action::Restart { .. } => Some("RestartingBroker"),
    }
}

/// Writes the status if it says something new, and tells of a change between ready, working and
/// stalled.
async fn write_status(
    context: &Context,
    cluster: &KafkaCluster,
    mut status: KafkaClusterStatus,
    health: &Health,
) -> Result<(), Error> {
    let before = cluster.status.clone().unwrap_or_default();
    let generation = cluster.metadata.generation;
    status.observed_generation = generation;
    status.conditions = health.conditions(&before.conditions, generation, Timestamp::now());
    if status == before {
        return Ok(());
    }
    let api: Api<KafkaCluster> =
        Api::namespaced(context.client.clone(), &cluster.namespace().unwrap_or_default());
    let patch = json!({
        "apiVersion": "kafka.barnabas.dev/v1alpha1",
        "kind": "KafkaCluster",
        "metadata": {"name": cluster.name_any(), "uid": cluster.uid()},
        "status": status,
    });
    let manager = PatchParams::apply(MANAGER).force();
    match api.patch_status(&cluster.name_any(), &manager, &Patch::Apply(&patch)).await {
        // Deleted meanwhile, or made again: there is nobody to tell.
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => return Ok(()),
        other => other?,
    };
    context.events.transition(cluster, &before.conditions, health).await;
    Ok(())
}
