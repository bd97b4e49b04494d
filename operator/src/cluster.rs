//! The controller of `KafkaCluster`: dereference, validate, build, plan, apply, status.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use barnabas_crds::condition::RECONCILING;
use barnabas_crds::{KafkaCluster, KafkaClusterStatus};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::controller::Action as Next;
use kube::runtime::events::EventType;
use kube::{Client, ResourceExt};
use serde_json::json;

use crate::MANAGER;
use crate::condition::Health;
use crate::event::{Events, namespace_ends};
use crate::kafka::{self, Admin};
use crate::metrics::Metrics;
use crate::topic::Key;

mod admins;
mod apply;
pub mod build;
mod controller;
mod decide;
mod defaults;
mod dereference;
#[cfg(test)]
mod fixtures;
mod live;
mod nodes;
mod offsets;
mod plan;
mod quantity;
mod quorum;
mod racks;
mod roll;
mod scale;
mod status;
mod validate;
mod voters;

pub use admins::Admins;
pub use controller::{api, run};
pub use validate::Defaults;

use dereference::Observed;
use live::Live;
use plan::Action;
use status::{PAUSED, ROLLING, Seen};
use validate::Cluster;

/// How long after a pass everything is looked at again, in case an event was lost.
const AGAIN: Duration = Duration::from_secs(300);
/// The same for a cluster of several nodes, whose replicas come and go.
const AT_REST: Duration = Duration::from_secs(10);
/// The same while somebody has to change something.
const LATER: Duration = Duration::from_secs(30);
/// The same while something is being waited for.
const SOON: Duration = Duration::from_secs(1);

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
    /// The clusters themselves.
    pub admins: Admins,
    /// Where acts are told.
    pub events: Events,
    /// Where they are counted.
    pub metrics: Metrics,
}

/// One pass over one cluster.
async fn reconcile(cluster: Arc<KafkaCluster>, context: Arc<Context>) -> Result<Next, Error> {
    // Children go by their owner references; disks stay or go as the StatefulSet says.
    if cluster.metadata.deletion_timestamp.is_some() {
        let namespace = cluster.namespace().unwrap_or_default();
        context.admins.forget(&Key { namespace, cluster: cluster.name_any() });
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
    converge(&context, &cluster, valid).await
}

/// Brings what there is closer to a valid spec, and says how far it is.
async fn converge(
    context: &Context,
    cluster: &KafkaCluster,
    mut valid: Cluster,
) -> Result<Next, Error> {
    let wanted = build::build(&valid);
    let key = &valid.topology_key;
    let mut observed = dereference::dereference(&context.client, cluster, key, &wanted).await?;
    let admin = context.admins.of(&key_of(&valid));
    // Pods wait for their racks, and without those pods the others may take long to answer.
    let racks = racks::missing(&valid, &observed);
    let refused = carry_out(context, cluster, &admin, &racks).await?;
    racks::written(&mut observed, &racks);
    let restarts = nodes::nodes(&valid, &observed).iter().any(roll::is_outdated);
    let live = if observed.serves() { live::read(&admin, restarts).await } else { None };
    valid.quorum_formed |= quorum::formed_before(&observed);
    let held = scale::hold(&mut valid, &observed, live.as_ref());
    voters::hold(&mut valid, &observed, live.as_ref());
    valid.disruptions = disruptions(&valid, &observed, live.as_ref());
    let wanted = build::build(&valid);
    let nodes = nodes::nodes(&valid, &observed);
    let seen = Seen { observed: &observed, nodes: &nodes, live: live.as_ref() };
    let status = status::status(&valid, &seen);
    let view = (nodes.as_slice(), live.as_ref());
    let mut health = match decide::decide(&valid, &wanted, &observed, view, rolls(cluster)) {
        Err(conflict) => Health::stalled("NameTaken", conflict.to_string()),
        Ok((actions, next)) => {
            match carry_out(context, cluster, &admin, &actions).await?.or(refused) {
                None => status::health(&valid, &seen, &actions, &next),
                Some(refused) => refused,
            }
        }
    };
    if let Some(why) = quorum::lost(&valid, &observed, &nodes, live.as_ref()) {
        health = Health::stalled("MetadataLost", why);
    }
    if let Some(why) = held {
        health = health.but_stalled("BrokersHoldReplicas", why);
    }
    let again = again(&valid, &health);
    write_status(context, cluster, status, &health).await?;
    Ok(Next::requeue(again))
}

fn key_of(cluster: &Cluster) -> Key {
    Key { namespace: cluster.namespace.clone(), cluster: cluster.name.clone() }
}

/// Whether a roll was going on when the last status was written.
fn rolls(cluster: &KafkaCluster) -> bool {
    reconciling(cluster).is_some_and(|reason| reason == ROLLING || reason == PAUSED)
}

fn reconciling(cluster: &KafkaCluster) -> Option<&str> {
    let conditions = &cluster.status.as_ref()?.conditions;
    let condition = conditions.iter().find(|condition| condition.type_ == RECONCILING)?;
    Some(&condition.reason)
}

/// How many nodes a drain may take away: none while replicas are missing. Where that cannot be
/// seen, it stays as it is.
fn disruptions(cluster: &Cluster, observed: &Observed, live: Option<&Live>) -> i32 {
    match live {
        _ if cluster.nodes().count() == 1 => 1,
        Some(live) => i32::from(live.under_replicated().next().is_none()),
        None => observed.disruptions().unwrap_or(1),
    }
}

/// When to look again without being woken: what the brokers do, Kubernetes does not tell.
fn again(cluster: &Cluster, health: &Health) -> Duration {
    let many = cluster.nodes().count() > 1;
    match (&health.reconciling, &health.stalled) {
        (Some(_), _) if many => SOON,
        _ if many => AT_REST,
        (_, Some(_)) => LATER,
        _ => AGAIN,
    }
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
    admin: &Admin,
    actions: &[Action],
) -> Result<Option<Health>, Error> {
    let namespace = cluster.namespace().unwrap_or_default();
    for action in actions {
        match in_kafka(context, cluster, admin, action).await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(undone) => return Ok(Some(undone)),
        }
        let title = action.title();
        match apply::apply(&context.client, &namespace, action).await {
            Ok(()) => {
                tracing::info!(cluster = cluster.name_any(), namespace, "{title}");
                if let Some(reason) = event_reason(action) {
                    let told = (EventType::Normal, reason);
                    let part = part(&namespace, action);
                    context.events.publish_about(cluster, part, told, &title).await;
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

/// Takes a step that is not Kubernetes' business, if it is none. Answers with whether it was taken,
/// or with what is waited for when nobody could be asked.
async fn in_kafka(
    context: &Context,
    cluster: &KafkaCluster,
    admin: &Admin,
    action: &Action,
) -> Result<bool, Health> {
    let result = match action {
        Action::Elect(partitions) => match admin.elect_preferred(partitions).await {
            // Brokers that cannot be asked to do it do it by themselves, later.
            Err(kafka::Error::Unsupported(_)) => Ok(Ok(())),
            other => other.map(Ok),
        },
        Action::Unregister(id) => admin.unregister(*id).await,
        Action::SetDefaults(change) => admin.set_defaults(change).await,
        Action::Replicate(assignment) => {
            let topics = BTreeMap::from([(offsets::TOPIC.to_owned(), assignment.clone())]);
            let refused = |answers: kafka::Answers<()>| answers.into_values().collect();
            admin.reassign(&topics).await.map(refused)
        }
        Action::RemoveVoter { id, directory } => admin.remove_voter(*id, *directory).await,
        _ => return Ok(true),
    };
    let title = action.title();
    match result {
        Ok(Ok(())) => Ok(true),
        // What is still to be done then, the next pass finds.
        Ok(Err(refusal)) => {
            tracing::warn!(cluster = cluster.name_any(), %refusal, title, "refused by kafka");
            Ok(false)
        }
        Err(error) => {
            context.metrics.failures.with_label_values(&["KafkaCluster"]).inc();
            let reason = if matches!(action, Action::Elect(_)) { ROLLING } else { "TryingAgain" };
            let message = format!("{title}: {error}; trying again");
            Err(Health { ready: (true, reason), ..Health::reconciling(reason, message) })
        }
    }
}

/// What an action is about, if that is a part of the cluster.
fn part(namespace: &str, action: &Action) -> Option<ObjectReference> {
    let (kind, name, uid) = match action {
        Action::Restart { pod, uid, .. } => ("Pod", pod, Some(uid.clone())),
        Action::GrowClaim { name, .. } => ("PersistentVolumeClaim", name, None),
        _ => return None,
    };
    Some(ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some(kind.to_owned()),
        name: Some(name.clone()),
        namespace: Some(namespace.to_owned()),
        uid,
        ..ObjectReference::default()
    })
}

fn event_reason(action: &Action) -> Option<&'static str> {
    match action {
        Action::Apply(_) | Action::MarkClaim { .. } | Action::SetRack { .. } | Action::Elect(_) => {
            None
        }
        Action::Unregister(_) => Some("UnregisteringBroker"),
        Action::SetDefaults(_) => Some("SettingDefaults"),
        Action::RemoveVoter { .. } => Some("RemovingVoter"),
        Action::Replicate(_) => Some("AddingReplicas"),
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
    if health.reconciling == Some(PAUSED) && reconciling(cluster) != Some(PAUSED) {
        context.events.publish(cluster, EventType::Warning, PAUSED, &health.message).await;
    }
    Ok(())
}
