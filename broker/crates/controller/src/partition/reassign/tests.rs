use barnabas_metadata::image::LeaderRecoveryState;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use barnabas_wire::api::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, OngoingPartitionReassignment,
};

use crate::tests::Cluster;
use crate::{Request, Response};

fn reassign(cluster: &mut Cluster, replicas: Option<&[i32]>) -> ErrorCode {
    reassign_as(cluster, 0, replicas, true)
}

fn reassign_as(
    cluster: &mut Cluster,
    partition_index: i32,
    replicas: Option<&[i32]>,
    allow_replication_factor_change: bool,
) -> ErrorCode {
    let replicas = replicas.map(<[i32]>::to_vec);
    let partitions = vec![ReassignablePartition { partition_index, replicas }];
    let request = AlterPartitionReassignmentsRequest {
        topics: vec![ReassignableTopic { name: "t".to_owned(), partitions }],
        allow_replication_factor_change,
        ..AlterPartitionReassignmentsRequest::default()
    };
    match cluster.ask(&Request::AlterPartitionReassignments(request)) {
        Response::AlterPartitionReassignments(response) => {
            response.responses[0].partitions[0].error_code
        }
        other => panic!("{other:?}"),
    }
}

fn ongoing(cluster: &mut Cluster) -> Vec<OngoingPartitionReassignment> {
    let request = ListPartitionReassignmentsRequest::default();
    match cluster.ask(&Request::ListPartitionReassignments(request)) {
        Response::ListPartitionReassignments(response) => {
            response.topics.into_iter().flat_map(|topic| topic.partitions).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_move_ends_when_everybody_added_is_in_sync() {
    let mut cluster = Cluster::new(6);
    cluster.create_on("t", &[0, 1, 2]);
    assert_eq!(reassign(&mut cluster, Some(&[5, 3, 0])), ErrorCode::NONE);
    let moving = OngoingPartitionReassignment {
        partition_index: 0,
        replicas: vec![5, 3, 0, 1, 2],
        adding_replicas: vec![3, 5],
        removing_replicas: vec![1, 2],
    };
    assert_eq!(ongoing(&mut cluster), [moving]);
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, partition.leader_epoch), (0, 0), "nothing is dropped yet");
    assert_eq!(partition.directories[0], cluster.broker(5).log_dirs[0]);
    assert_eq!(cluster.alter_isr("t", &[0, 1, 2, 3]), ErrorCode::NONE);
    assert_eq!(ongoing(&mut cluster).len(), 1);
    assert_eq!(cluster.alter_isr("t", &[0, 1, 2, 3, 5]), ErrorCode::NONE);
    assert_eq!(ongoing(&mut cluster), []);
    let partition = cluster.partition("t");
    assert_eq!((&partition.replicas[..], &partition.isr[..]), (&[5, 3, 0][..], &[0, 3, 5][..]));
    assert_eq!((partition.leader, partition.leader_epoch), (0, 1), "who was dropped is fenced");
    assert_eq!(partition.directories.len(), 3);
}

#[test]
fn a_leader_that_moves_away_hands_over_in_the_last_record() {
    let mut cluster = Cluster::new(2);
    cluster.create_on("t", &[0]);
    assert_eq!(reassign(&mut cluster, Some(&[1])), ErrorCode::NONE);
    assert_eq!(cluster.alter_isr("t", &[0, 1]), ErrorCode::NEW_LEADER_ELECTED);
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, &partition.isr[..], partition.leader_epoch), (1, &[1][..], 1));
}

#[test]
fn fewer_replicas_or_another_order_need_no_waiting() {
    let mut cluster = Cluster::new(3);
    cluster.create_on("t", &[0, 1, 2]);
    assert_eq!(reassign(&mut cluster, Some(&[2, 1, 0])), ErrorCode::NONE);
    assert_eq!(cluster.partition("t").replicas, [2, 1, 0]);
    assert_eq!(cluster.partition("t").leader, 0);
    assert_eq!(reassign(&mut cluster, Some(&[2, 1])), ErrorCode::NONE);
    let partition = cluster.partition("t");
    assert_eq!((&partition.replicas[..], &partition.isr[..]), (&[2, 1][..], &[1, 2][..]));
    assert_eq!(partition.leader, 2);
    assert!(!partition.is_reassigning());
}

#[test]
fn fewer_replicas_wait_for_those_that_stay() {
    let mut cluster = Cluster::new(3);
    cluster.create_on("t", &[0, 1, 2]);
    cluster.lose(1);
    assert_eq!(reassign(&mut cluster, Some(&[1, 2])), ErrorCode::NONE);
    assert!(cluster.partition("t").is_reassigning(), "1 is not in sync");
    cluster.come_back(1, true);
    assert_eq!(cluster.alter_isr("t", &[0, 1, 2]), ErrorCode::NEW_LEADER_ELECTED);
    assert_eq!(cluster.partition("t").replicas, [1, 2]);
}

#[test]
fn a_cancelled_move_leaves_what_was_there() {
    let mut cluster = Cluster::new(5);
    cluster.create_on("t", &[0, 1]);
    assert_eq!(reassign(&mut cluster, None), ErrorCode::NO_REASSIGNMENT_IN_PROGRESS);
    assert_eq!(reassign(&mut cluster, Some(&[3, 4])), ErrorCode::NONE);
    assert_eq!(cluster.alter_isr("t", &[0, 1, 3]), ErrorCode::NONE);
    assert_eq!(reassign(&mut cluster, None), ErrorCode::NONE);
    let partition = cluster.partition("t");
    assert_eq!((&partition.replicas[..], &partition.isr[..]), (&[0, 1][..], &[0, 1][..]));
    assert!(!partition.is_reassigning());
    assert_eq!(partition.leader_epoch, 1, "3 is fenced off");
}

#[test]
fn another_target_replaces_the_first() {
    let mut cluster = Cluster::new(6);
    cluster.create_on("t", &[0, 1]);
    assert_eq!(reassign(&mut cluster, Some(&[2, 3])), ErrorCode::NONE);
    assert_eq!(cluster.alter_isr("t", &[0, 1, 3]), ErrorCode::NONE);
    assert_eq!(reassign(&mut cluster, Some(&[2, 4])), ErrorCode::NONE);
    let partition = cluster.partition("t");
    assert_eq!(partition.replicas, [2, 4, 0, 1], "3 was added in vain");
    assert_eq!((&partition.isr[..], &partition.adding_replicas[..]), (&[0, 1][..], &[2, 4][..]));
    assert_eq!(reassign(&mut cluster, None), ErrorCode::NONE);
    assert_eq!(cluster.partition("t").replicas, [0, 1]);
}

#[test]
fn what_the_partition_relies_on_is_not_dropped_for_another_target() {
    let mut cluster = Cluster::new(4);
    cluster.create_on("t", &[0]);
    assert_eq!(reassign(&mut cluster, Some(&[1, 2])), ErrorCode::NONE);
    assert_eq!(cluster.alter_isr("t", &[0, 1]), ErrorCode::NONE);
    cluster.lose(0);
    assert_eq!(cluster.partition("t").isr, [1]);
    assert_eq!(reassign(&mut cluster, Some(&[3])), ErrorCode::NONE);
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, &partition.replicas[..]), (1, &[3, 0, 1][..]));
    assert_eq!(partition.removing_replicas, [0, 1]);
    assert_eq!(reassign(&mut cluster, None), ErrorCode::NONE);
    assert_eq!(cluster.partition("t").leader, 1);
}

#[test]
fn a_cancel_that_would_lose_records_has_to_be_allowed() {
    let mut cluster = Cluster::new(2);
    cluster.create_on("t", &[0]);
    assert_eq!(reassign(&mut cluster, Some(&[1, 0])), ErrorCode::NONE);
    // Completes at once when 1 is in sync, so that 0 has to be in sync only here.
    assert_eq!(cluster.alter_isr("t", &[0, 1]), ErrorCode::NONE);
    assert_eq!(reassign(&mut cluster, None), ErrorCode::NO_REASSIGNMENT_IN_PROGRESS);

    let mut cluster = Cluster::new(3);
    cluster.create_on("t", &[0]);
    assert_eq!(reassign(&mut cluster, Some(&[1, 2])), ErrorCode::NONE);
    assert_eq!(cluster.alter_isr("t", &[0, 1]), ErrorCode::NONE);
    cluster.lose(0);
    assert_eq!(reassign(&mut cluster, None), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
    assert_eq!(cluster.partition("t").leader, 1);
    cluster.configure(2, "t", "unclean.leader.election.enable", Some("true"));
    cluster.come_back(0, true);
    assert_eq!(cluster.partition("t").isr, [1]);
    assert_eq!(reassign(&mut cluster, None), ErrorCode::NONE);
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, &partition.isr[..]), (0, &[0][..]));
    assert_eq!(partition.leader_recovery_state, LeaderRecoveryState::Recovering);
}

#[test]
fn bad_targets_are_refused() {
    let mut cluster = Cluster::new(3);
    cluster.create_on("t", &[0, 1]);
    for replicas in [&[][..], &[0, 0], &[0, 9]] {
        let error = reassign(&mut cluster, Some(replicas));
        assert_eq!(error, ErrorCode::INVALID_REPLICA_ASSIGNMENT, "{replicas:?}");
    }
    let unknown = reassign_as(&mut cluster, 1, Some(&[0]), true);
    assert_eq!(unknown, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    let three = [0, 1, 2];
    let refused = reassign_as(&mut cluster, 0, Some(&three), false);
    assert_eq!(refused, ErrorCode::INVALID_REPLICATION_FACTOR);
    assert_eq!(reassign_as(&mut cluster, 0, Some(&[0, 2]), false), ErrorCode::NONE);
    let refused = reassign_as(&mut cluster, 0, Some(&three), false);
    assert_eq!(refused, ErrorCode::INVALID_REPLICATION_FACTOR, "two are the target now");
    assert_eq!(reassign_as(&mut cluster, 0, Some(&[1, 2]), false), ErrorCode::NONE);
}

#[test]
fn a_broker_that_is_down_can_be_a_target() {
    let mut cluster = Cluster::new(3);
    cluster.create_on("t", &[0, 1]);
    cluster.lose(2);
    assert_eq!(reassign(&mut cluster, Some(&[0, 2])), ErrorCode::NONE);
    assert_eq!(cluster.alter_isr("t", &[0, 1, 2]), ErrorCode::INELIGIBLE_REPLICA);
}
