use barnabas_wire::ErrorCode;
use barnabas_wire::api::alter_partition::{
    AlterPartitionRequest, BrokerState, RequestPartitionData, RequestTopicData,
};

use crate::tests::{Cluster, heartbeat};
use crate::{Request, Response};

fn set(cluster: &mut Cluster, topic: &str, name: &str, value: &str) {
    cluster.configure(2, topic, name, Some(value));
}

#[test]
fn below_the_minimum_those_that_leave_stay_eligible() {
    let mut cluster = Cluster::new(3);
    cluster.create_on("t", &[0, 1, 2]);
    set(&mut cluster, "t", "min.insync.replicas", "2");
    cluster.lose(0);
    let partition = cluster.partition("t");
    assert_eq!(
        (partition.leader, &partition.isr[..], &partition.elr[..]),
        (1, &[1, 2][..], &[][..])
    );
    cluster.lose(1);
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, &partition.isr[..], &partition.elr[..]), (2, &[2][..], &[1][..]));
    cluster.lose(2);
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, &partition.isr[..]), (-1, &[][..]));
    assert_eq!((&partition.elr[..], &partition.last_known_elr[..]), (&[1, 2][..], &[2][..]));
    cluster.come_back(1, true);
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, &partition.isr[..], &partition.elr[..]), (1, &[1][..], &[2][..]));
    assert_eq!(partition.leader_recovery_state.value(), 0, "nothing can be lost");
    assert_eq!(partition.last_known_elr, []);
}

#[test]
fn a_replica_that_crashed_is_not_eligible() {
    let mut cluster = Cluster::new(2);
    cluster.create_on("t", &[0, 1]);
    set(&mut cluster, "t", "min.insync.replicas", "2");
    cluster.lose(0);
    cluster.lose(1);
    assert_eq!(cluster.partition("t").elr, [0, 1]);
    cluster.come_back(0, false);
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, &partition.elr[..]), (-1, &[1][..]));
    cluster.come_back(1, true);
    assert_eq!(cluster.partition("t").leader, 1);
}

#[test]
fn the_last_leader_leads_again_after_a_crash_and_has_to_recover() {
    let mut cluster = Cluster::new(1);
    cluster.create_on("t", &[0]);
    cluster.lose(0);
    cluster.come_back(0, false);
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, &partition.isr[..]), (0, &[0][..]));
    assert_eq!(partition.leader_recovery_state.value(), 1);
}

#[test]
fn unclean_elections_have_to_be_allowed() {
    let mut cluster = Cluster::new(2);
    cluster.create_on("t", &[0, 1]);
    cluster.lose(1);
    cluster.lose(0);
    cluster.come_back(1, true);
    assert_eq!(cluster.partition("t").leader, -1, "0 has what 1 does not");
    set(&mut cluster, "t", "unclean.leader.election.enable", "true");
    cluster.controller.tick(cluster.now).unwrap();
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, &partition.isr[..]), (1, &[1][..]), "at the next occasion");
    assert_eq!(partition.leader_recovery_state.value(), 1);
}

#[test]
fn preferred_leaders_get_their_partitions_back() {
    let mut cluster = Cluster::new(2);
    cluster.create_on("t", &[0, 1]);
    cluster.lose(0);
    cluster.come_back(0, true);
    assert_eq!(cluster.partition("t").leader, 1);
    assert_eq!(cluster.alter_isr("t", &[0, 1]), ErrorCode::NONE);
    cluster.now += 300_000;
    for broker in [0, 1] {
        cluster.heartbeat(heartbeat(broker, cluster.broker(broker).epoch));
    }
    cluster.controller.tick(cluster.now).unwrap();
    assert_eq!(cluster.partition("t").leader, 0);
}

fn alteration(cluster: &Cluster, isr: &[i32]) -> RequestPartitionData {
    let partition = cluster.partition("t");
    RequestPartitionData {
        partition_index: 0,
        leader_epoch: partition.leader_epoch,
        new_isr_with_epochs: isr
            .iter()
            .map(|id| BrokerState { broker_id: *id, broker_epoch: -1 })
            .collect(),
        partition_epoch: partition.partition_epoch,
        ..RequestPartitionData::default()
    }
}

fn alter(
    cluster: &mut Cluster,
    broker_id: i32,
    topic_id: barnabas_wire::Uuid,
    data: RequestPartitionData,
) -> ErrorCode {
    let broker_epoch = cluster.broker(broker_id).epoch;
    let topics = vec![RequestTopicData { topic_id, partitions: vec![data] }];
    let request = AlterPartitionRequest { broker_id, broker_epoch, topics };
    match cluster.ask(&Request::AlterPartition(request)) {
        Response::AlterPartition(response) => response.topics[0].partitions[0].error_code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn leaders_change_their_isr_within_the_rules() {
    let mut cluster = Cluster::new(3);
    let id = cluster.create_on("t", &[0, 1]);
    let good = alteration(&cluster, &[0]);
    let with = |change: fn(&mut RequestPartitionData)| {
        let mut data = good.clone();
        change(&mut data);
        data
    };
    let other = barnabas_wire::Uuid([1; 16]);
    assert_eq!(alter(&mut cluster, 0, other, good.clone()), ErrorCode::UNKNOWN_TOPIC_ID);
    let cases = [
        (with(|d| d.partition_index = 1), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        (with(|d| d.leader_epoch += 1), ErrorCode::NOT_CONTROLLER),
        (with(|d| d.partition_epoch += 1), ErrorCode::NOT_CONTROLLER),
        (with(|d| d.leader_epoch -= 1), ErrorCode::FENCED_LEADER_EPOCH),
        (with(|d| d.partition_epoch -= 1), ErrorCode::INVALID_UPDATE_VERSION),
        (with(|d| d.new_isr_with_epochs[0].broker_id = 1), ErrorCode::INVALID_REQUEST),
        (with(|d| d.leader_recovery_state = 1), ErrorCode::INVALID_REQUEST),
        (with(|d| d.new_isr_with_epochs[0].broker_epoch = 1), ErrorCode::INELIGIBLE_REPLICA),
    ];
    for (data, error) in cases {
        assert_eq!(alter(&mut cluster, 0, id, data), error);
    }
    assert_eq!(alter(&mut cluster, 1, id, good.clone()), ErrorCode::INVALID_REQUEST);
    let epoch = cluster.partition("t").leader_epoch;
    assert_eq!(alter(&mut cluster, 0, id, good), ErrorCode::NONE);
    assert_eq!(cluster.partition("t").isr, [0]);
    assert_eq!(cluster.partition("t").leader_epoch, epoch, "shrinking bumps no leader epoch");
    cluster.lose(1);
    let grow = alteration(&cluster, &[0, 1]);
    assert_eq!(alter(&mut cluster, 0, id, grow), ErrorCode::INELIGIBLE_REPLICA);
}
