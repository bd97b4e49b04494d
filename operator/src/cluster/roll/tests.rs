mod model;

use std::collections::BTreeMap;

use super::super::live::Live;
use super::{Next, Node, NodePod, Phase, next};
use crate::kafka::{Broker, Partition, Quorum};

/// Three nodes that are both, three partitions of a topic `t` on all of them, controller 1 active.
pub fn well() -> Live {
    let broker = |id: i32| (id, Broker { rack: Some(format!("zone-{id}")), fenced: false });
    let partition = |index: i32| Partition {
        topic: "t".to_owned(),
        index,
        leader: Some(index),
        replicas: vec![index, (index + 1) % 3, (index + 2) % 3],
        isr: vec![0, 1, 2],
    };
    Live {
        brokers: (0..3).map(broker).collect(),
        partitions: (0..3).map(partition).collect(),
        min_isr: BTreeMap::from([("t".to_owned(), 2)]),
        defaults: BTreeMap::new(),
        quorum: Quorum {
            leader: Some(1),
            voters: (0..3).map(|id| (id, true)).collect(),
            directories: BTreeMap::new(),
            observers: BTreeMap::new(),
        },
    }
}

fn node(id: i32, phase: Phase, outdated: bool) -> Node {
    let pod = NodePod {
        name: format!("p-{id}"),
        uid: format!("u-{id}"),
        phase,
        outdated: outdated.then_some("its image changed"),
    };
    Node { id, broker: true, controller: true, pod: Some(pod) }
}

fn old(id: i32) -> Node {
    node(id, Phase::Ready, true)
}

fn new(id: i32) -> Node {
    node(id, Phase::Ready, false)
}

/// The pod that is restarted.
fn restarted(nodes: &[Node], live: &Live) -> Option<String> {
    match next(nodes, Some(live), true) {
        Next::Restart { pod, .. } => Some(pod),
        _ => None,
    }
}

fn waits(nodes: &[Node], live: Option<&Live>) -> String {
    match next(nodes, live, true) {
        Next::Wait(message) => message,
        other => panic!("{other:?}"),
    }
}

fn pauses(nodes: &[Node], live: Option<&Live>) -> String {
    match next(nodes, live, true) {
        Next::Pause(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_at_a_time_and_the_active_controller_last() {
    let live = well();
    assert_eq!(restarted(&[old(0), old(1), old(2)], &live).as_deref(), Some("p-0"));
    assert_eq!(restarted(&[new(0), old(1), old(2)], &live).as_deref(), Some("p-2"));
    assert_eq!(restarted(&[new(0), old(1), new(2)], &live).as_deref(), Some("p-1"));
    assert_eq!(next(&[new(0), new(1), new(2)], Some(&live), true), Next::Done);
    let stopping = node(0, Phase::Stopping, true);
    assert_eq!(
        waits(&[stopping, old(1), old(2)], Some(&live)),
        "0 of 3 nodes updated, waiting for node 0 to shut down"
    );
    let starting = node(0, Phase::Starting, false);
    assert_eq!(
        waits(&[starting, old(1), old(2)], Some(&live)),
        "1 of 3 nodes updated, waiting for node 0 to start"
    );
}

#[test]
fn brokers_go_before_controllers() {
    let mut live = well();
    live.quorum.voters = (10..13).map(|id| (id, true)).collect();
    live.quorum.observers = (0..3).map(|id| (id, true)).collect();
    live.quorum.leader = Some(10);
    let broker = |id, outdated| Node { controller: false, ..node(id, Phase::Ready, outdated) };
    let controller = |id, outdated| Node { broker: false, ..node(id, Phase::Ready, outdated) };
    let nodes = |old: &[i32]| -> Vec<Node> {
        let all = (0..3).map(|id| broker(id, old.contains(&id)));
        all.chain((10..13).map(|id| controller(id, old.contains(&id)))).collect()
    };
    let all = [0, 1, 2, 10, 11, 12];
    assert_eq!(restarted(&nodes(&all), &live).as_deref(), Some("p-0"));
    assert_eq!(restarted(&nodes(&[2, 10, 11, 12]), &live).as_deref(), Some("p-2"));
    assert_eq!(restarted(&nodes(&[10, 11, 12]), &live).as_deref(), Some("p-11"));
    assert_eq!(restarted(&nodes(&[10]), &live).as_deref(), Some("p-10"));
    // Controllers wait for brokers that cannot go now.
    live.partitions[0].isr = vec![0, 1];
    let message = waits(&nodes(&[0, 10, 11, 12]), Some(&live));
    assert!(message.ends_with("1 partitions of broker 2 are catching up"), "{message}");
}

#[test]
fn nobody_goes_while_a_replica_elsewhere_is_missing() {
    let mut live = well();
    live.partitions[0].isr = vec![1, 2];
    live.partitions[1].isr = vec![1, 2];
    let nodes = [new(0), old(1), old(2)];
    assert_eq!(
        waits(&nodes, Some(&live)),
        "1 of 3 nodes updated, 2 partitions of broker 0 are catching up"
    );
    // Its own replicas are no reason for it to stay.
    assert_eq!(restarted(&[old(0), new(1), new(2)], &live).as_deref(), Some("p-0"));
    live.partitions[2].isr = vec![0, 1];
    let message = waits(&nodes, Some(&live));
    assert!(message.ends_with("2 partitions of broker 0 are catching up"), "{message}");
    let message = waits(&[new(0), old(1), new(2)], Some(&live));
    assert!(message.ends_with("3 partitions of brokers 0, 2 are catching up"), "{message}");
}

#[test]
fn the_node_that_all_others_wait_for_goes_first() {
    let mut live = well();
    live.quorum.voters.insert(2, false);
    assert_eq!(restarted(&[old(0), old(1), old(2)], &live).as_deref(), Some("p-2"));
    let broker = Node { controller: false, ..old(10) };
    live.brokers.insert(10, Broker { rack: None, fenced: false });
    live.quorum.observers.insert(10, true);
    assert_eq!(restarted(&[old(0), old(1), old(2), broker], &live).as_deref(), Some("p-2"));
    // With two of them, nobody goes.
    live.partitions[0].isr = vec![1, 2];
    assert_eq!(restarted(&[old(0), old(1), old(2)], &live), None);
}

#[test]
fn nobody_goes_while_another_broker_is_fenced_or_unknown() {
    let nodes = [new(0), old(1), old(2)];
    let mut live = well();
    live.brokers.get_mut(&0).unwrap().fenced = true;
    assert!(waits(&nodes, Some(&live)).ends_with("waiting for broker 0 to serve"));
    live.brokers.remove(&0);
    assert!(waits(&nodes, Some(&live)).ends_with("waiting for broker 0 to serve"));
}

#[test]
fn nobody_goes_without_a_majority_of_current_controllers() {
    let nodes = [old(0), old(1), old(2)];
    let mut live = well();
    live.quorum.leader = None;
    assert!(pauses(&nodes, Some(&live)).ends_with("no controller is active"));
    let mut live = well();
    live.quorum.voters.insert(2, false);
    let message = waits(&[old(0), old(1), new(2)], Some(&live));
    assert!(message.ends_with("waiting for node 2 to catch up with the metadata"), "{message}");
    // One of three nodes has not become a voter yet.
    let mut live = well();
    live.quorum.voters.remove(&2);
    live.quorum.observers.insert(2, true);
    let message = waits(&[old(0), new(1), new(2)], Some(&live));
    assert!(message.ends_with("waiting for node 2 to join the quorum"), "{message}");
    assert_eq!(restarted(&[new(0), new(1), old(2)], &live).as_deref(), Some("p-2"));
    // A voter that is none of the cluster's does not come back soon.
    let mut live = well();
    live.quorum.voters.insert(7, false);
    live.quorum.voters.insert(8, false);
    let message = pauses(&[old(0), new(1), new(2)], Some(&live));
    assert!(message.ends_with("there would be no majority of the voters"), "{message}");
}

#[test]
fn nobody_goes_when_the_brokers_do_not_answer() {
    assert!(pauses(&[old(0), old(1), new(2)], None).contains("the brokers do not say"));
}

#[test]
fn a_single_node_goes_at_once() {
    let restart = next(&[old(0)], None, false);
    assert!(matches!(restart, Next::Restart { exposed: 0, .. }), "{restart:?}");
}

#[test]
fn a_spec_that_does_not_work_halts_the_roll_and_is_replaced_by_the_next() {
    let live = well();
    let halted = [node(0, Phase::Stuck, false), old(1), old(2)];
    let message = pauses(&halted, Some(&live));
    assert!(message.contains("node 0 does not come up with the new spec"), "{message}");
    // A newer spec: the broken node first, whatever the others say.
    let repaired = [node(0, Phase::Stuck, true), old(1), old(2)];
    assert_eq!(restarted(&repaired, &live).as_deref(), Some("p-0"));
    assert!(matches!(next(&repaired, None, true), Next::Restart { .. }));
    // But never two at once.
    let busy = [node(0, Phase::Stuck, true), node(1, Phase::Stopping, false), old(2)];
    assert!(!matches!(next(&busy, Some(&live), true), Next::Restart { .. }));
}

#[test]
fn a_node_that_never_starts_with_an_old_spec_is_replaced() {
    let nodes = [node(0, Phase::Starting, true), new(1), new(2)];
    assert_eq!(restarted(&nodes, &well()).as_deref(), Some("p-0"));
    // Nodes that serve may need it, and do not say.
    assert!(!matches!(next(&nodes, None, true), Next::Restart { .. }));
    let none = [1, 2].map(|id| node(id, Phase::Starting, false));
    let nobody = [nodes[0].clone(), none[0].clone(), none[1].clone()];
    assert!(matches!(next(&nobody, None, true), Next::Restart { .. }));
    // Not while another one is needed more.
    let mut live = well();
    live.partitions[0].isr = vec![1];
    assert!(waits(&nodes, Some(&live)).ends_with("waiting for node 0 to start"));
}

#[test]
fn a_missing_pod_is_waited_for() {
    let missing = Node { pod: None, ..new(0) };
    let message = waits(&[missing, old(1), old(2)], Some(&well()));
    assert!(message.ends_with("waiting for the pod of node 0"), "{message}");
}

#[test]
fn partitions_without_a_spare_replica_are_counted_and_do_not_block() {
    let mut live = well();
    live.partitions[0].replicas = vec![0];
    live.partitions[0].isr = vec![0];
    live.partitions[1].replicas = vec![1, 0];
    live.partitions[1].isr = vec![1, 0];
    let step = next(&[old(0), old(1), old(2)], Some(&live), false);
    let Next::Restart { pod, exposed, .. } = step else { panic!("{step:?}") };
    assert_eq!((pod.as_str(), exposed), ("p-0", 2));
}

#[test]
fn at_the_end_replicas_are_in_sync_and_leaders_where_they_were() {
    let nodes = [new(0), new(1), new(2)];
    let mut live = well();
    live.partitions[2].leader = Some(0);
    live.partitions[1].isr = vec![1, 2];
    assert_eq!(
        waits(&nodes, Some(&live)),
        "3 of 3 nodes updated, 1 partitions of broker 0 are catching up"
    );
    live.partitions[1].isr = vec![1, 2, 0];
    assert_eq!(next(&nodes, Some(&live), true), Next::Elect(vec![("t".to_owned(), 2)]));
    // Without a roll it is the brokers' own business.
    assert_eq!(next(&nodes, Some(&live), false), Next::Done);
}
