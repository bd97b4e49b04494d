//! The nodes of a cluster as their pods show them: pure.

use barnabas_crds::cluster::{NodeState, NodeStatus};
use k8s_openapi::api::core::v1::{ContainerState, Pod};
use kube::ResourceExt;

use super::dereference::Observed;
use super::live::Live;
use super::plan::{current_revision, runs, why};
use super::roll::{Node, NodePod, Phase};
use super::validate::Cluster;

/// Waiting reasons of a container that time alone does not cure.
const STUCK: &[&str] = &[
    "CrashLoopBackOff",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "ErrImageNeverPull",
];

/// Every node that the cluster is to have, by id.
#[must_use]
pub fn nodes(cluster: &Cluster, observed: &Observed) -> Vec<Node> {
    let node = |(id, pool): (i32, &super::validate::Pool)| {
        let set = observed.stateful_sets.get(&pool.full_name);
        let pod = observed.pods.get(&pool.pod(id)).map(|pod| {
            let revision = set.and_then(current_revision);
            let outdated = set.zip(revision).filter(|(_, revision)| !runs(pod, revision));
            NodePod {
                name: pod.name_any(),
                uid: pod.uid().unwrap_or_default(),
                phase: phase(pod),
                outdated: outdated.map(|(set, _)| why(cluster, set, pod)),
            }
        });
        Node { id, broker: pool.broker, controller: pool.controller, pod }
    };
    cluster.nodes().map(node).collect()
}

/// The nodes for the status.
#[must_use]
pub fn statuses(cluster: &Cluster, nodes: &[Node], live: Option<&Live>) -> Vec<NodeStatus> {
    let status = |(node, (_, pool)): (&Node, (i32, &super::validate::Pool))| NodeStatus {
        id: node.id,
        pod: pool.pod(node.id),
        rack: live
            .and_then(|live| live.brokers.get(&node.id))
            .map_or_else(|| pool.rack.clone(), |broker| broker.rack.clone()),
        state: state(node, live),
        restart: node.pod.as_ref().and_then(|pod| pod.outdated).map(str::to_owned),
    };
    nodes.iter().zip(cluster.nodes()).map(status).collect()
}

fn state(node: &Node, live: Option<&Live>) -> NodeState {
    let lacks = |live: &Live| {
        live.under_replicated().any(|p| p.replicas.contains(&node.id) && !p.isr.contains(&node.id))
    };
    match node.pod.as_ref().map(|pod| pod.phase) {
        None => NodeState::Missing,
        Some(Phase::Stopping) => NodeState::Stopping,
        Some(Phase::Stuck) => NodeState::Failed,
        Some(Phase::Starting) => NodeState::Starting,
        Some(Phase::Ready) if live.is_some_and(lacks) => NodeState::CatchingUp,
        Some(Phase::Ready) => NodeState::Running,
    }
}

/// What a pod does.
#[must_use]
pub fn phase(pod: &Pod) -> Phase {
    if pod.metadata.deletion_timestamp.is_some() {
        Phase::Stopping
    } else if is_ready(pod) {
        Phase::Ready
    } else if stuck(pod).is_some() || unschedulable(pod).is_some() {
        Phase::Stuck
    } else {
        Phase::Starting
    }
}

/// Why a pod's container does not come up by itself, with its last words.
#[must_use]
pub fn stuck(pod: &Pod) -> Option<(String, String)> {
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

/// Why no Kubernetes node takes a pod.
#[must_use]
pub fn unschedulable(pod: &Pod) -> Option<String> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let scheduled = conditions.iter().find(|condition| condition.type_ == "PodScheduled")?;
    (scheduled.reason.as_deref() == Some("Unschedulable"))
        .then(|| scheduled.message.clone().unwrap_or_default())
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| {
        all.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
    })
}
