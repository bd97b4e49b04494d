//! Which controllers vote: pure.
//!
//! A controller that is new makes itself a voter as soon as it has the metadata, and one that lost
//! its disk takes the place of the voter that it was
//! (`controller.quorum.auto.join.enable`). What nobody does by itself is to leave: a voter whose
//! pod just went would count for every majority, for ever.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use barnabas_wire::Uuid;

use super::build::voters_of;
use super::dereference::Observed;
use super::live::Live;
use super::roll::{Node, Phase};
use super::validate::{Cluster, Pool};

/// The next change of the voters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Who votes is who should.
    Nothing,
    /// Voters have to leave, and cannot yet.
    Wait(String),
    /// This voter may leave now.
    Remove {
        /// Its node.
        id: i32,
        /// Its disk.
        directory: Uuid,
    },
}

/// Keeps the nodes of pools that are to shrink as long as they vote, and those that form the first
/// quorum as they were told to.
pub fn hold(cluster: &mut Cluster, observed: &Observed, live: Option<&Live>) {
    if !cluster.quorum_formed {
        return pin(cluster, observed);
    }
    let voters = live.filter(|live| live.quorum.leader.is_some()).map(|live| &live.quorum.voters);
    for pool in cluster.pools.iter_mut().filter(|pool| pool.controller) {
        let Some(has) = observed.replicas(&pool.full_name).filter(|has| *has > pool.replicas)
        else {
            continue;
        };
        let leaving = pool.first_node_id + pool.replicas..pool.first_node_id + has;
        // Where nobody can say who votes, they may.
        let last = leaving.rev().find(|id| voters.is_none_or(|voters| voters.contains_key(id)));
        pool.replicas = last.map_or(pool.replicas, |id| id - pool.first_node_id + 1);
    }
}

/// The first voters are written on the disk of each: nobody may come to them, or go, before they
/// are a quorum.
fn pin(cluster: &mut Cluster, observed: &Observed) {
    let maps = observed.objects.iter().filter(|((kind, _), _)| kind == "ConfigMap");
    let first: BTreeSet<i32> = maps.flat_map(|(_, map)| voters_of(map)).collect();
    if first.is_empty() {
        return;
    }
    for pool in cluster.pools.iter_mut().filter(|pool| pool.controller) {
        let told = |pool: &Pool, replicas: i32| first.contains(&(pool.first_node_id + replicas));
        pool.replicas = (0..).find(|replicas| !told(pool, *replicas)).unwrap_or_default();
    }
}

/// The voter that leaves next. Those that are behind go first, the active one last, one at a time
/// and only while the others are a majority that has everything.
#[must_use]
pub fn next(cluster: &Cluster, nodes: &[Node], live: Option<&Live>) -> Change {
    let Some(live) = live.filter(|live| cluster.quorum_formed && live.quorum.leader.is_some())
    else {
        return Change::Nothing;
    };
    let (voters, leader) = (&live.quorum.voters, live.quorum.leader);
    let surplus: Vec<(i32, bool)> = voters
        .iter()
        .map(|(id, current)| (*id, *current))
        .filter(|(id, _)| !cluster.voters.contains(id))
        .collect();
    let rank = |(id, current): &(i32, bool)| (leader == Some(*id), *current, Reverse(*id));
    let Some(&(id, _)) = surplus.iter().min_by_key(|voter| rank(voter)) else {
        return Change::Nothing;
    };
    let ready = |id: i32| {
        let pod = nodes.iter().find(|node| node.id == id).and_then(|node| node.pod.as_ref());
        pod.is_some_and(|pod| pod.phase == Phase::Ready)
    };
    let absent = cluster.voters.iter().find(|id| !ready(**id) || voters.get(id) != Some(&true));
    if let Some(absent) = absent {
        let ids: Vec<String> = surplus.iter().map(|(id, _)| id.to_string()).collect();
        return Change::Wait(format!(
            "controllers {} leave the quorum once controller {absent} takes part in it",
            ids.join(", ")
        ));
    }
    let rest = || voters.iter().filter(|(other, _)| **other != id);
    if rest().filter(|(_, current)| **current).count() * 2 <= rest().count() {
        let message = "without it, controllers that are behind would be half of the quorum";
        return Change::Wait(format!("controller {id} cannot leave yet: {message}"));
    }
    let directory = live.quorum.directories.get(&id).copied().unwrap_or_default();
    Change::Remove { id, directory }
}

#[cfg(test)]
mod tests;
