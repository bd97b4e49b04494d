//! What is known about the quorum of controllers beyond its own word: pure.
//!
//! Disks outlive their resource, and are replaced. A disk that took part in the quorum carries a
//! mark, so that a quorum is never formed a second time beside metadata that exists.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::ResourceExt;

use super::build::QUORUM_FORMED;
use super::dereference::Observed;
use super::live::Live;
use super::plan::Action;
use super::roll::{Node, Phase};
use super::validate::Cluster;

/// Whether a disk of the cluster has taken part in a quorum.
#[must_use]
pub fn formed_before(observed: &Observed) -> bool {
    observed.claims.values().any(is_marked)
}

/// Marks that disks of controllers lack whose nodes are voters.
#[must_use]
pub fn marks(cluster: &Cluster, observed: &Observed, live: Option<&Live>) -> Vec<Action> {
    let Some(live) = live.filter(|live| cluster.quorum_formed && live.quorum.leader.is_some())
    else {
        return Vec::new();
    };
    let voters = cluster.nodes().filter(|(id, _)| live.quorum.voters.get(id) == Some(&true));
    let claims = voters.filter_map(|(id, pool)| observed.claims.get(&pool.claim(id)));
    let unmarked = claims.filter(|claim| !is_marked(claim));
    unmarked.map(|claim| Action::MarkClaim { name: claim.name_any() }).collect()
}

/// Why the metadata cannot come back by itself, in words: more controllers have an empty disk than
/// a quorum can spare.
#[must_use]
pub fn lost(
    cluster: &Cluster,
    observed: &Observed,
    nodes: &[Node],
    live: Option<&Live>,
) -> Option<String> {
    let serves = live.is_some_and(|live| live.quorum.leader.is_some());
    if serves || !formed_before(observed) && !cluster.quorum_formed {
        return None;
    }
    let voters =
        if cluster.known_voters.is_empty() { &cluster.voters } else { &cluster.known_voters };
    let controllers = cluster.nodes().zip(nodes).filter(|((id, _), _)| voters.contains(id));
    let empty = controllers.filter(|((id, pool), node)| {
        let starts = matches!(&node.pod, Some(pod) if pod.phase != Phase::Ready);
        starts && observed.claims.get(&pool.claim(*id)).is_some_and(|claim| !is_marked(claim))
    });
    let empty: Vec<String> = empty.map(|((id, _), _)| id.to_string()).collect();
    let total = voters.len();
    (empty.len() > total.saturating_sub(1) / 2).then(|| {
        format!(
            "controllers {} of {total} have new, empty disks: the cluster's metadata is lost with \
             the old ones. Restore those disks, or delete the KafkaCluster and its \
             PersistentVolumeClaims and create it again, empty",
            empty.join(", ")
        )
    })
}

fn is_marked(claim: &PersistentVolumeClaim) -> bool {
    claim.annotations().contains_key(QUORUM_FORMED)
}

#[cfg(test)]
mod tests;
