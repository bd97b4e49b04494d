//! How a cluster stands, from what was observed and what was planned: pure.

use barnabas_crds::KafkaClusterStatus;
use barnabas_crds::cluster::{ListenerStatus, NodePoolStatus, QuorumStatus};
use k8s_openapi::api::core::v1::Pod;

use super::build::labels;
use super::dereference::Observed;
use super::live::Live;
use super::nodes;
use super::plan::{Action, current_revision, requested, runs};
use super::quantity;
use super::roll::{Next, Node, Phase};
use super::validate::{Cluster, Pool};
use crate::condition::Health;

/// The reason of `Reconciling` while a roll goes on.
pub const ROLLING: &str = "RollingUpdate";
/// The reason of `Reconciling` while a roll does not go on because of a danger.
pub const PAUSED: &str = "RollPaused";

/// The reason of `Reconciling` while voters leave the quorum.
const VOTERS: &str = "ChangingVoters";

/// What a pass has seen of a cluster.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// In Kubernetes.
    pub observed: &'a Observed,
    /// Its nodes.
    pub nodes: &'a [Node],
    /// By Kafka's protocol, if the brokers answered.
    pub live: Option<&'a Live>,
}

/// The status without its conditions, which follow from [`health`].
#[must_use]
pub fn status(cluster: &Cluster, seen: &Seen<'_>) -> KafkaClusterStatus {
    let pools: Vec<NodePoolStatus> =
        cluster.pools.iter().map(|pool| pool_status(cluster, pool, seen.observed)).collect();
    let brokers = cluster.pools.iter().zip(&pools).filter(|(pool, _)| pool.broker);
    let ready: i32 = brokers.map(|(_, status)| status.ready_replicas).sum();
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
        nodes: nodes::statuses(cluster, seen.nodes, seen.live),
        partitions: seen.live.map(Live::partitions_status),
        quorum: quorum_status(cluster, seen.live),
        quorum_formed: cluster.quorum_formed || formed(seen),
        ..KafkaClusterStatus::default()
    }
}

/// How the controllers stand. Who votes is not forgotten while nobody can be asked: it says what
/// is lost with a disk.
fn quorum_status(cluster: &Cluster, live: Option<&Live>) -> Option<QuorumStatus> {
    let known = live.map(Live::quorum_status);
    let silent = known.as_ref().is_none_or(|quorum| quorum.voters.is_empty());
    if silent && !cluster.known_voters.is_empty() {
        let voters = cluster.known_voters.iter().copied().collect();
        return Some(QuorumStatus { voters, ..QuorumStatus::default() });
    }
    known
}

/// Whether all controllers are there and one of them is active: from now on their metadata must
/// not be lost any more.
fn formed(seen: &Seen<'_>) -> bool {
    let ready = |node: &Node| matches!(&node.pod, Some(pod) if pod.phase == Phase::Ready);
    seen.nodes.iter().filter(|node| node.controller).all(ready)
        && seen.live.is_some_and(|live| live.quorum.leader.is_some())
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
        ready_replicas: count(&|pod| nodes::phase(pod) == Phase::Ready),
        updated_replicas: count(&|pod| revision.is_some_and(|revision| runs(pod, revision))),
        node_ids: pool.node_ids().collect(),
        label_selector: labels::selector_text(cluster, Some(pool)),
    }
}

/// How the cluster stands while `actions` are being carried out.
#[must_use]
pub fn health(cluster: &Cluster, seen: &Seen<'_>, actions: &[Action], next: &Next) -> Health {
    let unready = cluster
        .nodes()
        .zip(seen.nodes)
        .find(|(_, node)| node.pod.as_ref().is_none_or(|pod| pod.phase != Phase::Ready));
    let mut health = match unready {
        None => Health::ready("BrokersReady", "all brokers serve"),
        Some(((id, pool), _)) => not_ready(id, seen.observed.pods.get(&pool.pod(id))),
    };
    if cluster.quorum_formed && seen.nodes.len() > 1 {
        health = serving(health, seen.nodes, seen.live);
    } else if seen.nodes.len() > 1 && health.ready.0 && !formed(seen) {
        health = Health::reconciling("Starting", "the nodes form a cluster");
    }
    // A broken broker may be on its way out: then there is something to wait for.
    if let Some((reason, message)) = work(cluster, seen.observed, actions, next) {
        if reason == PAUSED && health.stalled.is_some() {
            health.message.push_str("; no other node is restarted before it does");
            return health;
        }
        health.reconciling = Some(reason);
        health.stalled = None;
        health.message = message;
        if !health.ready.0 {
            health.ready.1 = reason;
        }
    }
    health
}

/// The health of a cluster that can do without a node, from what its partitions say: clients can
/// use it as long as each has a leader and enough replicas.
fn serving(mut health: Health, nodes: &[Node], live: Option<&Live>) -> Health {
    let Some(live) = live else {
        if health.ready.0 {
            return Health::reconciling("Unreachable", "waiting for the brokers to answer");
        }
        return health;
    };
    let partitions = live.partitions_status();
    let trouble = if partitions.offline > 0 {
        let text =
            format!("{} of {} partitions have no leader", partitions.offline, partitions.total);
        Some(("PartitionsOffline", text))
    } else if partitions.under_min_isr > 0 {
        let text = format!(
            "{} of {} partitions have fewer replicas in sync than min.insync.replicas",
            partitions.under_min_isr, partitions.total
        );
        Some(("PartitionsUnderMinIsr", text))
    } else {
        None
    };
    if let Some((reason, text)) = trouble {
        let message = if health.ready.0 { text } else { format!("{text}; {}", health.message) };
        let stalled = health.stalled.take();
        return Health { stalled, ..Health::reconciling(reason, message) };
    }
    if !health.ready.0 {
        health.message = format!("clients are served, but {}", health.message);
        health.ready = (true, "Degraded");
    } else if live.quorum.leader.is_none() {
        // Brokers serve on, for a while.
        health.message = "all brokers serve, but no controller is active".to_owned();
        health.reconciling = Some("NoController");
    } else if let Some(id) = not_current(nodes, live) {
        let voter = live.quorum.voters.contains_key(&id);
        let does = if voter { "catches up with the metadata" } else { "joins the quorum" };
        health.message = format!("all brokers serve, node {id} {does}");
        health.reconciling = Some("CatchingUp");
    } else if partitions.under_replicated > 0 {
        let count = partitions.under_replicated;
        health.message = format!("all brokers serve, {count} partitions are catching up");
        health.reconciling = Some("CatchingUp");
    }
    health
}

/// A controller that is no voter or does not have the newest metadata.
fn not_current(nodes: &[Node], live: &Live) -> Option<i32> {
    let voter = |id: i32| live.quorum.voters.get(&id) == Some(&true);
    nodes.iter().find(|node| node.controller && !voter(node.id)).map(|node| node.id)
}

fn not_ready(node_id: i32, pod: Option<&Pod>) -> Health {
    let Some(pod) = pod else {
        return Health::reconciling("Starting", format!("broker {node_id} is being created"));
    };
    if pod.metadata.deletion_timestamp.is_some() {
        return Health::reconciling("Restarting", format!("broker {node_id} is shutting down"));
    }
    if let Some((reason, quote)) = nodes::stuck(pod) {
        let message = format!("broker {node_id} does not start ({reason}): {}", quote.trim());
        return Health::stalled(reason, message);
    }
    if let Some(why) = nodes::unschedulable(pod) {
        return Health::stalled("Unschedulable", format!("no node takes broker {node_id}: {why}"));
    }
    Health::reconciling("Starting", format!("broker {node_id} is starting"))
}

/// What is being worked on, if anything.
fn work(
    cluster: &Cluster,
    observed: &Observed,
    actions: &[Action],
    next: &Next,
) -> Option<(&'static str, String)> {
    match next {
        Next::Restart { pod, why, .. } => {
            return Some((ROLLING, format!("restarting {pod}: {why}")));
        }
        Next::Wait(message) => return Some((ROLLING, message.clone())),
        Next::Pause(message) => return Some((PAUSED, message.clone())),
        Next::Leave(message) => return Some((VOTERS, message.clone())),
        Next::Done | Next::Elect(_) => {}
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

#[cfg(test)]
mod tests;
