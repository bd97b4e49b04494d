//! Which nodes a cluster may have now: pure. Brokers that are to go stay while they hold replicas,
//! and as long as nobody can say whether they do.

use std::collections::BTreeSet;

use super::dereference::Observed;
use super::live::Live;
use super::validate::Cluster;

/// Most topics that a message names.
const TOPICS_NAMED: usize = 5;

/// Keeps the replicas of pools that are to shrink where their last brokers are needed. Answers
/// with why, and what to do.
pub fn hold(cluster: &mut Cluster, observed: &Observed, live: Option<&Live>) -> Option<String> {
    let mut reasons = Vec::new();
    for pool in cluster.pools.iter_mut().filter(|pool| pool.broker) {
        let Some(has) = observed.replicas(&pool.full_name).filter(|has| *has > pool.replicas)
        else {
            continue;
        };
        let first = pool.first_node_id;
        let leaving: BTreeSet<i32> = (first + pool.replicas..first + has).collect();
        let reason = match live {
            None => Some("it cannot be seen whether they hold replicas".to_owned()),
            Some(live) => held(&leaving, live),
        };
        if let Some(reason) = reason {
            let ids: Vec<String> = leaving.iter().map(i32::to_string).collect();
            reasons.push(format!(
                "brokers {} of pool {} cannot be removed: {reason}, or set replicas: {has} again",
                ids.join(", "),
                pool.name
            ));
            pool.replicas = has;
            // What stays votes as before.
            cluster.voters.extend(leaving.iter().filter(|_| pool.controller));
        }
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// Brokers that the controllers still know although they are gone for good: they have no pod, are
/// not wanted, and hold nothing.
#[must_use]
pub fn forgotten(cluster: &Cluster, observed: &Observed, live: Option<&Live>) -> Vec<i32> {
    let wanted: BTreeSet<i32> = cluster.nodes().map(|(id, _)| id).collect();
    let has_pod = |id: i32| observed.pods.keys().any(|name| name.ends_with(&format!("-{id}")));
    let gone = |live: &Live| {
        let fenced = live.brokers.iter().filter(|(_, broker)| broker.fenced).map(|(id, _)| *id);
        let gone = fenced.filter(|id| {
            !wanted.contains(id) && !has_pod(*id) && held(&BTreeSet::from([*id]), live).is_none()
        });
        gone.collect()
    };
    live.map(gone).unwrap_or_default()
}

/// What the brokers hold, in words; `None` if they hold nothing.
fn held(brokers: &BTreeSet<i32>, live: &Live) -> Option<String> {
    let partitions: Vec<_> = live
        .partitions
        .iter()
        .filter(|partition| partition.replicas.iter().any(|id| brokers.contains(id)))
        .collect();
    if partitions.is_empty() {
        return None;
    }
    let topics: BTreeSet<&str> = partitions.iter().map(|p| p.topic.as_str()).collect();
    let mut named: Vec<&str> = topics.iter().copied().take(TOPICS_NAMED).collect();
    if topics.len() > named.len() {
        named.push("…");
    }
    Some(format!(
        "they hold replicas of {} partitions ({}). Move them to other brokers with \
         kafka-reassign-partitions",
        partitions.len(),
        named.join(", ")
    ))
}

#[cfg(test)]
mod tests;
