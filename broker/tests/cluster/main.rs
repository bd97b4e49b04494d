//! Three nodes as processes on this machine, each broker and controller: they elect, decide through
//! any of them, and go on without one.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod client;
mod groups;
mod nodes;

use std::time::{Duration, Instant};

use barnabas_wire::ErrorCode;
use barnabas_wire::api::describe_quorum::ResponsePartitionData;

use nodes::Nodes;

/// What a decision may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_cluster_decides_through_any_node_and_goes_on_without_its_controller() {
    let mut nodes = Nodes::start("");
    for id in 0..3 {
        let topic = format!("through-{id}");
        let mut client = nodes.client(id);
        assert_eq!(client.create(&topic), ErrorCode::NONE);
        // The broker that answered knows the topic: its effect was waited for.
        assert!(client.topics().contains(&topic), "{topic}");
        assert_eq!(client.create(&topic), ErrorCode::TOPIC_ALREADY_EXISTS);
    }
    let leader = nodes.client(0).quorum().leader_id;
    assert!((0..3).contains(&leader));
    nodes.kill(leader);
    let survivor = (leader + 1) % 3;
    let start = Instant::now();
    assert_eq!(nodes.client(survivor).create("after"), ErrorCode::NONE);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(10), "metadata could not be changed for {took:?}");
    let other = nodes.client(survivor).quorum();
    assert_ne!(other.leader_id, leader);

    nodes.run(leader);
    let mut back = nodes.client(leader);
    nodes::eventually(PATIENCE, || back.topics().contains(&"after".to_owned()));
    nodes::eventually(PATIENCE, || {
        let quorum = nodes.client(survivor).quorum();
        let end = quorum.high_watermark;
        quorum.current_voters.iter().all(|voter| voter.log_end_offset >= end - 5)
    });
    for id in 0..3 {
        assert_eq!(nodes.terminate(id), Some(0), "node {id}");
    }
}

#[test]
fn a_killed_leader_of_partitions_is_replaced_before_its_session_ends() {
    let mut nodes = Nodes::start("");
    assert_eq!(nodes.client(0).create("t"), ErrorCode::NONE);
    let mut victim = None;
    nodes::eventually(PATIENCE, || {
        victim = nodes.client(0).leader("t");
        victim.is_some()
    });
    let victim = victim.expect("found");
    nodes.kill(victim);
    let start = Instant::now();
    let mut survivor = nodes.client((victim + 1) % 3);
    nodes::eventually(PATIENCE, || survivor.leader("t").is_some_and(|leader| leader != victim));
    let took = start.elapsed();
    // broker.session.timeout.ms is 9 s.
    assert!(took < Duration::from_secs(6), "the partition had no leader for {took:?}");
}

#[test]
fn a_broker_that_is_killed_and_started_at_once_does_not_wait_for_its_session() {
    let mut nodes = Nodes::start("");
    let victim = (nodes.client(0).quorum().leader_id + 1) % 3;
    for _ in 0..3 {
        nodes.kill(victim);
        nodes.run(victim);
        let start = Instant::now();
        let mut back = nodes.client(victim);
        nodes::eventually(PATIENCE, || back.brokers() == 3);
        let took = start.elapsed();
        // broker.session.timeout.ms is 9 s.
        assert!(took < Duration::from_secs(6), "it was not back for {took:?}");
    }
}

#[test]
fn a_whole_cluster_stops_at_once() {
    let mut nodes = Nodes::start("");
    for name in ["a", "b", "c", "d"] {
        assert_eq!(nodes.client(0).create(name), ErrorCode::NONE);
    }
    let start = Instant::now();
    assert_eq!(nodes.terminate_all(), [Some(0); 3]);
    let took = start.elapsed();
    // A broker asks for 20 s to be allowed to stop, if nobody answers.
    assert!(took < Duration::from_secs(12), "it took {took:?}");
    for id in 0..3 {
        nodes.run(id);
    }
    nodes::eventually(PATIENCE, || nodes.client(0).leader("a").is_some());
}

#[test]
fn a_node_with_an_empty_disk_gets_a_snapshot() {
    let mut nodes = Nodes::start("metadata.log.max.record.bytes.between.snapshots=4000\n");
    let leader = nodes.client(0).quorum().leader_id;
    let lost = (leader + 1) % 3;
    nodes.kill(lost);
    for number in 0..40 {
        assert_eq!(nodes.client(leader).create(&format!("t{number}")), ErrorCode::NONE);
    }
    nodes::eventually(PATIENCE, || nodes.has_snapshot(leader));
    nodes.wipe(lost);
    nodes.run(lost);
    let mut back = nodes.client(lost);
    nodes::eventually(PATIENCE, || back.topics().len() == 40);
    assert!(nodes.has_snapshot(lost));
}

#[test]
fn a_controller_with_another_disk_takes_the_place_of_its_former_self() {
    let mut nodes = Nodes::start("");
    let before = nodes.client(0).quorum();
    let lost = (before.leader_id + 1) % 3;
    let directory = |quorum: &ResponsePartitionData| {
        let voter = quorum.current_voters.iter().find(|voter| voter.replica_id == lost);
        voter.map(|voter| voter.replica_directory_id)
    };
    nodes.kill(lost);
    nodes.wipe(lost);
    nodes.run_joining(lost);
    let mut other = nodes.client(before.leader_id);
    nodes::eventually(PATIENCE, || {
        let now = directory(&other.quorum());
        now.is_some() && now != directory(&before)
    });
    assert_eq!(nodes.client(lost).create("t"), ErrorCode::NONE);
}

#[test]
fn brokers_without_a_vote_follow_a_controller_without_partitions() {
    let mut nodes = Nodes::with_roles(["controller", "broker", "broker"], "");
    let mut client = nodes.client(1);
    assert_eq!(client.create_with("t", 2), ErrorCode::NONE);
    assert_eq!(client.quorum().leader_id, 0);
    nodes.kill(0);
    nodes.run(0);
    // Asked of the other broker, answered by the controller that came back.
    assert_eq!(nodes.client(2).create_with("u", 2), ErrorCode::NONE);
    // The controller knows those that have fetched from it since it came back.
    nodes::eventually(PATIENCE, || client.quorum().observers.len() == 2);
    for id in [1, 2, 0] {
        assert_eq!(nodes.terminate(id), Some(0), "node {id}");
    }
}
