//! Which node may be restarted next, if any: pure, and computed anew from live state each time, so
//! that an operator that was killed half-way goes on where the cluster stands.
//!
//! One node at a time. A node is restarted only while every replica on all other nodes is in sync:
//! then no partition loses more than the one replica that it can spare, and the node before has
//! caught up. Brokers go first, then controllers, the active one last, each only while the others
//! are a majority that has the newest metadata.

use std::collections::BTreeSet;

use super::live::Live;
use crate::kafka::Partition;

/// A node as its pod shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: i32,
    /// Whether it is a broker.
    pub broker: bool,
    /// Whether it is a controller.
    pub controller: bool,
    /// Its pod, if there is one.
    pub pod: Option<NodePod>,
}

/// A node's pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePod {
    /// Its name.
    pub name: String,
    /// Which one, so that a newer one is left alone.
    pub uid: String,
    /// What it does.
    pub phase: Phase,
    /// Why it has to be replaced, if it has to.
    pub outdated: Option<&'static str>,
}

/// What a pod does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is Ready.
    Ready,
    /// It comes up, or has stopped to serve.
    Starting,
    /// It will not come up by itself.
    Stuck,
    /// It is on its way out.
    Stopping,
}

/// The next step of a roll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Every node runs the spec.
    Done,
    /// This pod may be deleted now.
    Restart {
        /// Name of the pod.
        pod: String,
        /// Which one.
        uid: String,
        /// Why it is restarted.
        why: &'static str,
        /// Partitions that nobody can produce to with `acks=all` meanwhile, because they have no
        /// replica to spare.
        exposed: usize,
    },
    /// A step that was taken has not had its whole effect yet.
    Wait(String),
    /// Going on might make partitions unavailable.
    Pause(String),
    /// Every node runs the spec, and voters leave the quorum.
    Leave(String),
    /// These partitions go back to the brokers that led them before.
    Elect(Vec<(String, i32)>),
}

/// The next step. `rolling` says that a roll was going on before this pass.
#[must_use]
pub fn next(nodes: &[Node], live: Option<&Live>, rolling: bool) -> Next {
    let outdated: Vec<&Node> = nodes.iter().filter(|node| is_outdated(node)).collect();
    if outdated.is_empty() && !rolling {
        return Next::Done;
    }
    let updated = nodes.iter().filter(|node| {
        node.pod.as_ref().is_some_and(|p| p.phase != Phase::Stopping && p.outdated.is_none())
    });
    let progress = format!("{} of {} nodes updated", updated.count(), nodes.len());
    if let Some(node) = outdated.iter().find(|node| may_go_anyway(node, nodes, live)) {
        return restart(node, 0);
    }
    if let Some(away) = away(nodes) {
        return away.map_or_else(
            |danger| Next::Pause(format!("{progress}; {danger}")),
            |wait| Next::Wait(format!("{progress}, {wait}")),
        );
    }
    if let ([node], [_]) = (outdated.as_slice(), nodes) {
        return restart(node, 0);
    }
    let Some(live) = live else {
        let message = "the brokers do not say how the partitions stand: nothing is restarted \
                       until they do";
        return Next::Pause(format!("{progress}; {message}"));
    };
    let step =
        if outdated.is_empty() { finish(nodes, live) } else { candidate(&outdated, nodes, live) };
    step.unwrap_or_else(|reason| match reason {
        Reason::Soon(wait) => Next::Wait(format!("{progress}, {wait}")),
        Reason::Danger(danger) => Next::Pause(format!("{progress}; {danger}")),
    })
}

/// Why a node must not go now.
enum Reason {
    /// It will pass.
    Soon(String),
    /// It may not.
    Danger(String),
}

/// Whether a node serves nobody, so that nothing is lost with it, and waiting for it might be in
/// vain: a spec that does not work is repaired by the next.
fn may_go_anyway(node: &Node, nodes: &[Node], live: Option<&Live>) -> bool {
    if nodes.iter().any(|other| matches!(phase(other), None | Some(Phase::Stopping))) {
        return false;
    }
    match phase(node) {
        Some(Phase::Stuck) => true,
        Some(Phase::Starting) => match live {
            Some(live) => blocked(node, nodes, live).is_none(),
            // Nobody serves who could need it.
            None => !nodes.iter().any(|other| phase(other) == Some(Phase::Ready)),
        },
        _ => false,
    }
}

fn phase(node: &Node) -> Option<Phase> {
    node.pod.as_ref().map(|pod| pod.phase)
}

/// Whether a node has to be restarted.
#[must_use]
pub fn is_outdated(node: &Node) -> bool {
    node.pod.as_ref().is_some_and(|pod| pod.phase != Phase::Stopping && pod.outdated.is_some())
}

fn restart(node: &Node, exposed: usize) -> Next {
    let Some(NodePod { name, uid, outdated: Some(why), .. }) = &node.pod else { return Next::Done };
    Next::Restart { pod: name.clone(), uid: uid.clone(), why, exposed }
}

/// What is waited for (`Ok`) or in the way (`Err`), in words, when a node does not serve.
fn away(nodes: &[Node]) -> Option<Result<String, String>> {
    let serves = |node: &Node| phase(node) == Some(Phase::Ready);
    let node = nodes.iter().find(|node| !serves(node))?;
    let id = node.id;
    Some(match phase(node) {
        None => Ok(format!("waiting for the pod of node {id}")),
        Some(Phase::Stopping) => Ok(format!("waiting for node {id} to shut down")),
        Some(Phase::Stuck) => Err(format!(
            "node {id} does not come up with the new spec: no other node is restarted before it \
             does"
        )),
        Some(Phase::Starting | Phase::Ready) => Ok(format!("waiting for node {id} to start")),
    })
}

/// All pods are new: everything has to be as before.
fn finish(nodes: &[Node], live: &Live) -> Result<Next, Reason> {
    if let Some(wait) = behind(nodes, live, None) {
        return Err(Reason::Soon(wait));
    }
    let moved = live.not_led_by_preferred();
    Ok(if moved.is_empty() { Next::Done } else { Next::Elect(moved) })
}

/// The restart of the node that may go now, or why none may.
fn candidate(outdated: &[&Node], nodes: &[Node], live: &Live) -> Result<Next, Reason> {
    let rank = |node: &Node| (node.controller, live.quorum.leader == Some(node.id));
    let first = outdated.iter().map(|node| rank(node)).min().unwrap_or_default();
    let mut reason = None;
    // Who lacks something is what all others wait for, and the new spec may be its cure.
    if let Some(node) =
        outdated.iter().find(|n| lacks(n, live) && blocked(n, nodes, live).is_none())
    {
        return Ok(restart(node, exposed(node.id, live)));
    }
    for node in outdated.iter().filter(|node| rank(node) == first) {
        match blocked(node, nodes, live) {
            None => return Ok(restart(node, exposed(node.id, live))),
            Some(why) => reason = reason.or(Some(why)),
        }
    }
    reason.map_or(Ok(Next::Done), Err)
}

/// Why a node must not go now.
fn blocked(node: &Node, nodes: &[Node], live: &Live) -> Option<Reason> {
    if live.quorum.leader.is_none() {
        return Some(Reason::Danger("no controller is active".to_owned()));
    }
    if let Some(wait) = behind(nodes, live, Some(node.id)) {
        return Some(Reason::Soon(wait));
    }
    let voters = &live.quorum.voters;
    if !node.controller {
        return None;
    }
    let joins = |other: &&Node| other.controller && !voters.contains_key(&other.id);
    if let Some(other) = nodes.iter().find(|other| other.id != node.id && joins(other)) {
        return Some(Reason::Soon(format!("waiting for node {} to join the quorum", other.id)));
    }
    if voters.len() <= 1 {
        return None;
    }
    // All others are up to date by now; those that are no voters do not help.
    let others = voters.iter().filter(|(id, current)| **id != node.id && **current).count();
    (others <= voters.len() / 2).then(|| {
        let message = "without this controller there would be no majority of the voters";
        Reason::Danger(format!("node {}: {message}", node.id))
    })
}

/// What nodes other than `but` lack, in words, of the state that they should have.
fn behind(nodes: &[Node], live: &Live, but: Option<i32>) -> Option<String> {
    let others = || nodes.iter().filter(|node| Some(node.id) != but);
    let fenced = others()
        .find(|node| node.broker && live.brokers.get(&node.id).is_none_or(|broker| broker.fenced));
    if let Some(Node { id, .. }) = fenced {
        return Some(format!("waiting for broker {id} to serve"));
    }
    if let Some(Node { id, .. }) = others().find(|node| !live.quorum.is_current(node.id)) {
        return Some(format!("waiting for node {id} to catch up with the metadata"));
    }
    catching_up(live, but)
}

/// Whether a node is behind the others in anything.
fn lacks(node: &Node, live: &Live) -> bool {
    let fenced = || live.brokers.get(&node.id).is_none_or(|broker| broker.fenced);
    let misses = |partition: &Partition| {
        partition.replicas.contains(&node.id) && !partition.isr.contains(&node.id)
    };
    !live.quorum.is_current(node.id)
        || node.broker && (fenced() || live.under_replicated().any(misses))
}

/// Replicas on other nodes than `but` that are not in sync, in words.
fn catching_up(live: &Live, but: Option<i32>) -> Option<String> {
    let mut brokers = BTreeSet::new();
    let mut partitions = 0;
    for partition in live.under_replicated() {
        let missing = partition.replicas.iter().filter(|id| !partition.isr.contains(id));
        let missing: Vec<i32> = missing.copied().filter(|id| Some(*id) != but).collect();
        partitions += usize::from(!missing.is_empty());
        brokers.extend(missing);
    }
    if partitions == 0 {
        return None;
    }
    let brokers: Vec<String> = brokers.iter().map(i32::to_string).collect();
    let of = if brokers.len() == 1 { "broker" } else { "brokers" };
    Some(format!("{partitions} partitions of {of} {} are catching up", brokers.join(", ")))
}

/// Partitions that cannot be produced to while the node is away.
fn exposed(id: i32, live: &Live) -> usize {
    let needs = |partition: &&Partition| {
        let min = live.min_isr.get(&partition.topic).copied().unwrap_or(1);
        let rest = partition.isr.iter().filter(|replica| **replica != id).count();
        // A minimum counts up to the number of replicas (KIP-966).
        partition.isr.contains(&id) && rest < min.min(partition.replicas.len())
    };
    live.partitions.iter().filter(needs).count()
}

#[cfg(test)]
pub(super) mod tests;
