//! Whole quorums in one thread: drops, partitions, crashes that lose what was not flushed, and
//! snapshots, with the safety of Raft checked after every step.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a broken simulation must stop")]

#[path = "simulation/cluster.rs"]
mod cluster;
#[path = "simulation/disk.rs"]
mod disk;

use cluster::{Cluster, Faults};

const SEEDS: u64 = 30;

#[test]
fn three_nodes_survive_faults() {
    for seed in 0..SEEDS {
        run(seed, 3);
    }
}

#[test]
fn five_nodes_survive_faults() {
    for seed in 0..SEEDS {
        run(seed, 5);
    }
}

#[test]
fn one_node_leads_at_once_and_needs_no_timer() {
    let mut cluster = Cluster::new(1, 1, Faults::none());
    cluster.run_ms(1);
    assert_eq!(cluster.leaders(), 1);
    cluster.propose();
    assert!(cluster.committed() >= 2, "the epoch start and the proposal are committed");
    assert_eq!(cluster.deadline(0), None, "an idle quorum of one never wakes up");
}

#[test]
fn one_node_that_restarts_leads_a_new_epoch() {
    let mut cluster = Cluster::new(1, 1, Faults::none());
    cluster.run_ms(1);
    let before = cluster.epoch(0);
    cluster.restart(0);
    cluster.run_ms(1);
    assert_eq!(cluster.leaders(), 1);
    assert!(cluster.epoch(0) > before);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    assert_eq!(run(7, 3), run(7, 3));
    assert_ne!(run(7, 3), run(8, 3));
}

#[test]
fn a_cut_off_node_does_not_disturb_the_leader_when_it_returns() {
    let mut cluster = Cluster::new(3, 3, Faults::none());
    cluster.run_ms(5_000);
    let leader = cluster.leader().expect("a leader");
    let epoch = cluster.epoch(leader);
    let other = (leader + 1) % 3;
    cluster.isolate(other);
    cluster.run_ms(20_000);
    cluster.heal();
    cluster.run_ms(5_000);
    assert_eq!(cluster.leader(), Some(leader), "pre-vote keeps the epoch of the cut-off node");
    assert_eq!(cluster.epoch(other), epoch);
}

#[test]
fn a_cut_off_leader_steps_down_and_another_takes_over() {
    let mut cluster = Cluster::new(3, 5, Faults::none());
    cluster.run_ms(5_000);
    let leader = cluster.leader().expect("a leader");
    cluster.isolate(leader);
    cluster.run_ms(6_000);
    assert_eq!(cluster.leaders(), 1, "check quorum ends the reign of the cut-off leader");
    assert_ne!(cluster.leader(), Some(leader));
}

#[test]
fn a_graceful_shutdown_hands_over_within_an_election_back_off() {
    let mut cluster = Cluster::new(3, 9, Faults::none());
    cluster.run_ms(5_000);
    let leader = cluster.leader().expect("a leader");
    cluster.shut_down(leader);
    cluster.run_ms(300);
    let next = cluster.leader().expect("a successor");
    assert_ne!(next, leader);
}

/// Faults for a while, then peace: progress must resume. Returns the hash of the trace.
fn run(seed: u64, nodes: usize) -> u64 {
    let mut cluster = Cluster::new(nodes, seed, Faults::some());
    cluster.run_ms(40_000);
    cluster.calm();
    cluster.run_ms(20_000);
    let before = cluster.committed();
    cluster.propose();
    cluster.run_ms(5_000);
    assert_eq!(cluster.leaders(), 1, "seed {seed}: one leader in calm");
    assert!(cluster.committed() > before, "seed {seed}: a proposal commits in calm");
    assert!(cluster.all_caught_up(), "seed {seed}: everybody has everything in calm");
    cluster.trace()
}
