//! How a cluster stands, from what was observed and what was planned: pure.

use barnabas_crds::KafkaClusterStatus;
use barnabas_crds::cluster::{ListenerStatus, NodePoolStatus};
use k8s_openapi::api::core::v1::{ContainerState, Pod};

use super::build::labels;
use super::dereference::Observed;
use super::plan::{Action, current_revision, requested, runs};
use super::quantity;
use super::validate::{Cluster, Pool};
use crate::condition::Health;

/// Waiting reasons of a container that time alone does not cure.
const STUCK: &[&str] = &[
    "CrashLoopBackOff",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "ErrImageNeverPull",
];

/// The status without its conditions, which follow from [`health`].
#[must_use]
pub fn status(cluster: &Cluster, observed: &Observed) -> KafkaClusterStatus {
    let pools: Vec<NodePoolStatus> =
        cluster.pools.iter().map(|pool| pool_status(cluster, pool, observed)).collect();
    let ready: i32 = pools.iter().map(|pool| pool.ready_replicas).sum();
    let listeners = cluster.listeners.iter().map(|listener| ListenerStatus {
        name: listener.name.clone(),
        bootstrap_servers: format!(
            "{}.{}.svc:{}",
            cluster.bootstrap_service(),
            cluster.namespace,
            listener.port
        ),
    });
    KafkaClusterStatus {
        cluster_id: Some(cluster.id.clone()),
        brokers: Some(format!("{ready}/{}", cluster.brokers())),
        image: Some(cluster.image.clone()),
        listeners: listeners.collect(),
        node_pools: pools,
        ..KafkaClusterStatus::default()
    }
}

fn pool_status(cluster: &Cluster, pool: &Pool, observed: &Observed) -> NodePoolStatus {
    let pods: Vec<&Pod> = pods(pool, observed).collect();
    let revision = observed.stateful_sets.get(&pool.full_name).and_then(current_revision);
    let count = |matches: &dyn Fn(&Pod) -> bool| {
        i32::try_from(pods.iter().filter(|pod| matches(pod)).count()).unwrap_or(i32::MAX)
    };
    NodePoolStatus {
        name: pool.name.clone(),
        replicas: count(&|_| true),
        ready_replicas: count(&is_ready),
        updated_replicas: count(&|pod| revision.is_some_and(|revision| runs(pod, revision))),
        node_ids: pool.node_ids().collect(),
        label_selector: labels::selector_text(cluster, Some(pool)),
    }
}

/// How the cluster stands while `actions` are being carried out.
#[must_use]
pub fn health(cluster: &Cluster, observed: &Observed, actions: &[Action]) -> Health {
    let mut unready = Vec::new();
    for pool in &cluster.pools {
        for node_id in pool.node_ids() {
            let pod = observed.pods.get(&pool.pod(node_id));
            if !pod.is_some_and(is_ready) {
                unready.push((node_id, pod));
            }
        }
    }
    let mut health = match unready.first() {
        None => Health::ready("BrokersReady", "all brokers serve"),
        Some((node_id, pod)) => not_ready(*node_id, *pod),
    };
    // A broken broker may be on its way out: then there is something to wait for.
    if let Some((reason, message)) = work(cluster, observed, actions) {
        health.reconciling = Some(reason);
        health.stalled = None;
        health.message = message;
        if !health.ready.0 {
            health.ready.1 = reason;
        }
    }
    health
}

fn not_ready(node_id: i32, pod: Option<&Pod>) -> Health {
    let Some(pod) = pod else {
        return Health::reconciling("Starting", format!("broker {node_id} is being created"));
    };
    if pod.metadata.deletion_timestamp.is_some() {
        return Health::reconciling("Restarting", format!("broker {node_id} is shutting down"));
    }
    if let Some((reason, quote)) = stuck(pod) {
        let message = format!("broker {node_id} does not start ({reason}): {}", quote.trim());
        return Health::stalled(reason, message);
    }
    if let Some(why) = unschedulable(pod) {
        return Health::stalled("Unschedulable", format!("no node takes broker {node_id}: {why}"));
    }
    Health::reconciling("Starting", format!("broker {node_id} is starting"))
}

/// Why a pod's container does not come up by itself, with its last words.
fn stuck(pod: &Pod) -> Option<(String, String)> {
    let status = pod.status.as_ref()?.container_statuses.as_ref()?.first()?;
    let last_words = |state: &Option<ContainerState>| {
        let ended = state.as_ref()?.terminated.as_ref()?;
        (ended.exit_code != 0).then(|| ended.message.clone().unwrap_or_default())
    };
    let ended = last_words(&status.state).or_else(|| last_words(&status.last_state));
    let waiting = status.state.as_ref().and_then(|state| state.waiting.as_ref());
    match waiting {
        Some(waiting) => {
            let reason = waiting.reason.clone().unwrap_or_default();
            let quote = ended.filter(|words| !words.is_empty()).or_else(|| waiting.message.clone());
            STUCK.contains(&reason.as_str()).then(|| (reason, quote.unwrap_or_default()))
        }
        None if status.state.as_ref().is_some_and(|state| state.terminated.is_some()) => {
            ended.map(|words| ("BrokerFailed".to_owned(), words))
        }
        None => None,
    }
}

fn unschedulable(pod: &Pod) -> Option<String> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let scheduled = conditions.iter().find(|condition| condition.type_ == "PodScheduled")?;
    (scheduled.reason.as_deref() == Some("Unschedulable"))
        .then(|| scheduled.message.clone().unwrap_or_default())
}

/// What is being worked on, if anything.
fn work(
    cluster: &Cluster,
    observed: &Observed,
    actions: &[Action],
) -> Option<(&'static str, String)> {
    let restarting = actions.iter().find_map(|action| match action {
        Action::Restart { pod, why, .. } => Some(format!("restarting {pod}: {why}")),
        _ => None,
    });
    if let Some(message) = restarting {
        return Some(("RollingUpdate", message));
    }
    let applied = actions.iter().find_map(|action| match action {
        Action::Apply(rendered) => Some(format!("applying {}", rendered.title())),
        Action::Replace { name, .. } => Some(format!("replacing StatefulSet {name}")),
        _ => None,
    });
    if let Some(message) = applied {
        return Some(("Applying", message));
    }
    if let Some(claim) = growing(cluster, observed) {
        return Some(("GrowingStorage", format!("waiting for disk {claim} to grow")));
    }
    let unseen = observed.stateful_sets.values().find(|set| current_revision(set).is_none());
    unseen.map(|set| {
        let name = set.metadata.name.clone().unwrap_or_default();
        ("Applying", format!("waiting for Kubernetes to take up StatefulSet {name}"))
    })
}

/// A disk that is smaller than its claim asks for.
fn growing(cluster: &Cluster, observed: &Observed) -> Option<String> {
    let names = cluster.pools.iter().flat_map(|pool| pool.node_ids().map(|id| pool.claim(id)));
    names.into_iter().find(|name| {
        observed.claims.get(name).is_some_and(|claim| {
            let capacity = claim.status.as_ref().and_then(|status| status.capacity.as_ref());
            let capacity = capacity.and_then(|capacity| capacity.get("storage"));
            capacity.zip(requested(claim)).is_some_and(|(has, asks)| quantity::less(has, asks))
        })
    })
}

fn pods<'a>(pool: &Pool, observed: &'a Observed) -> impl Iterator<Item = &'a Pod> {
    let names: Vec<String> = pool.node_ids().map(|node_id| pool.pod(node_id)).collect();
    names.into_iter().filter_map(|name| observed.pods.get(&name))
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    pod.metadata.deletion_timestamp.is_none()
        && conditions.is_some_and(|all| {
            all.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
        })
}

#[cfg(test)]
mod tests;
