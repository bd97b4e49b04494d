//! What clients are told when the coordinator cannot serve them.

use std::future::Future;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::describe_groups::DescribeGroupsRequest;
use barnabas_wire::api::find_coordinator::FindCoordinatorRequest;
use barnabas_wire::api::join_group::JoinGroupRequest;
use barnabas_wire::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestGroup};

use crate::broker::{Broker, NODE, OTHER_NODE, TOPIC};
use crate::client::{GROUP, commit, join, join_request, loaded, newest, sync};

async fn find(broker: &Broker, key_type: i8) -> (ErrorCode, i32) {
    let request = FindCoordinatorRequest {
        key_type,
        coordinator_keys: vec![GROUP.into()],
        ..FindCoordinatorRequest::default()
    };
    let found = broker.ask(newest::<FindCoordinatorRequest>(), &request).await;
    (found.coordinators[0].error_code, found.coordinators[0].node_id)
}

#[tokio::test]
async fn before_there_is_a_topic_nobody_coordinates() {
    let broker = Broker::without_offsets_topic().await;
    assert_eq!(find(&broker, 0).await, (ErrorCode::COORDINATOR_NOT_AVAILABLE, -1));
    let joined = broker.ask(9, &join_request("")).await;
    assert_eq!(joined.error_code, ErrorCode::COORDINATOR_NOT_AVAILABLE);
}

#[tokio::test]
async fn transactions_are_refused_for_good() {
    let broker = Broker::start().await;
    let (error, _) = find(&broker, 1).await;
    assert!(error != ErrorCode::NONE && !error.is_retriable());
    let (error, _) = find(&broker, 2).await;
    assert!(error != ErrorCode::NONE && !error.is_retriable());
}

#[tokio::test]
async fn another_brokers_groups_are_not_served() {
    let broker = Broker::with(vec![OTHER_NODE, NODE]).await;
    assert_eq!(find(&broker, 0).await, (ErrorCode::NONE, OTHER_NODE));
    let joined = broker.ask(9, &join_request("")).await;
    assert_eq!(joined.error_code, ErrorCode::NOT_COORDINATOR);
}

/// A broker with a stable member, and the request of a second one that waits for the first.
async fn with_a_waiting_member() -> (Broker, JoinGroupRequest) {
    let broker = Broker::start().await;
    loaded(&broker).await;
    let first = join(&broker).await;
    sync(&broker, &first).await;
    let second = broker.ask(9, &join_request("")).await;
    (broker, join_request(&second.member_id))
}

/// Sends `request`, waits until it is parked, then does `then`; returns the answer.
async fn answer_after(
    broker: &Broker,
    request: &JoinGroupRequest,
    then: impl Future<Output = ()>,
) -> ErrorCode {
    let parked = async {
        while describe(broker).await != "PreparingRebalance" {
            tokio::task::yield_now().await;
        }
        then.await;
    };
    tokio::join!(broker.ask(9, request), parked).0.error_code
}

async fn describe(broker: &Broker) -> String {
    let request = DescribeGroupsRequest { groups: vec![GROUP.into()], ..Default::default() };
    broker.ask(5, &request).await.groups.remove(0).group_state
}

#[tokio::test]
async fn whoever_waits_is_told_when_the_coordinator_moves() {
    let (broker, request) = with_a_waiting_member().await;
    let error = answer_after(&broker, &request, broker.lose_leadership()).await;
    assert_eq!(error, ErrorCode::NOT_COORDINATOR);
    let after = broker.ask(9, &join_request("")).await;
    assert_eq!(after.error_code, ErrorCode::NOT_COORDINATOR);
}

#[tokio::test]
async fn nobody_who_waits_keeps_the_broker_from_stopping() {
    let (broker, request) = with_a_waiting_member().await;
    let stop = async { broker.node.groups.stop() };
    let error = answer_after(&broker, &request, stop).await;
    assert_eq!(error, ErrorCode::NOT_COORDINATOR);
}

#[tokio::test]
async fn an_answer_waits_for_the_other_replicas() {
    let broker = Broker::with(vec![NODE, OTHER_NODE]).await;
    loaded(&broker).await;
    // The other replica is in sync and never fetches.
    let error = commit(&broker, GROUP, TOPIC, 1).await;
    assert_eq!(error, ErrorCode::COORDINATOR_NOT_AVAILABLE);
}

#[tokio::test]
async fn groups_are_not_served_from_a_log_directory_that_failed() {
    let broker = Broker::start().await;
    loaded(&broker).await;
    assert_eq!(commit(&broker, GROUP, TOPIC, 1).await, ErrorCode::NONE);
    let failure = std::io::Error::other("the disk is gone");
    broker.node.partitions.dirs()[0].take_offline(&failure);
    let request = OffsetFetchRequest {
        groups: vec![OffsetFetchRequestGroup {
            group_id: GROUP.into(),
            ..OffsetFetchRequestGroup::default()
        }],
        ..OffsetFetchRequest::default()
    };
    let found = broker.ask(newest::<OffsetFetchRequest>(), &request).await;
    assert_eq!(found.groups[0].error_code, ErrorCode::NOT_COORDINATOR);
    assert_eq!(commit(&broker, GROUP, TOPIC, 2).await, ErrorCode::NOT_COORDINATOR);
}

#[tokio::test]
async fn offsets_of_topics_that_are_not_there_are_refused() {
    let broker = Broker::start().await;
    loaded(&broker).await;
    let error = commit(&broker, GROUP, "missing", 1).await;
    assert_eq!(error, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    let all = OffsetFetchRequest {
        groups: vec![OffsetFetchRequestGroup {
            group_id: GROUP.into(),
            ..OffsetFetchRequestGroup::default()
        }],
        ..OffsetFetchRequest::default()
    };
    let found = broker.ask(newest::<OffsetFetchRequest>(), &all).await;
    assert!(found.groups[0].topics.is_empty());
}
