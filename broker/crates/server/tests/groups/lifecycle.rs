//! What a group goes through.

use std::sync::Arc;

use barnabas_metadata::record::{MetadataRecord, PartitionChangeRecord};
use barnabas_records::{BatchBuilder, BatchOptions};
use barnabas_server::partition::Replica;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::delete_groups::DeleteGroupsRequest;
use barnabas_wire::api::describe_groups::{DescribeGroupsRequest, DescribedGroup};
use barnabas_wire::api::find_coordinator::FindCoordinatorRequest;
use barnabas_wire::api::list_groups::ListGroupsRequest;

use crate::broker::{Broker, NODE, TOPIC, TOPIC_ID};
use crate::client::{
    GROUP, commit, committed, heartbeat, join, join_request, leave, loaded, newest, sync,
    sync_request,
};

async fn describe(broker: &Broker) -> DescribedGroup {
    let request = DescribeGroupsRequest { groups: vec![GROUP.into()], ..Default::default() };
    broker.ask(newest::<DescribeGroupsRequest>(), &request).await.groups.remove(0)
}

#[tokio::test]
async fn a_consumer_finds_its_coordinator_and_works() {
    let broker = Broker::start().await;
    let request = FindCoordinatorRequest {
        coordinator_keys: vec![GROUP.into()],
        ..FindCoordinatorRequest::default()
    };
    let found = broker.ask(newest::<FindCoordinatorRequest>(), &request).await;
    let coordinator = &found.coordinators[0];
    assert_eq!(coordinator.error_code, ErrorCode::NONE);
    assert_eq!((coordinator.node_id, coordinator.port), (NODE, 9092));
    loaded(&broker).await;
    let joined = join(&broker).await;
    assert_eq!((joined.error_code, joined.generation_id), (ErrorCode::NONE, 1));
    sync(&broker, &joined).await;
    assert_eq!(heartbeat(&broker, &joined).await, ErrorCode::NONE);
    let described = describe(&broker).await;
    assert_eq!(described.group_state, "Stable");
    assert_eq!(described.members[0].client_id, "app");
    assert_eq!(described.members[0].client_host, "/10.0.0.9");
    assert_eq!(leave(&broker, &joined.member_id).await, ErrorCode::NONE);
    assert_eq!(describe(&broker).await.group_state, "Empty");
}

#[tokio::test]
async fn a_second_member_waits_for_the_first() {
    let broker = Broker::start().await;
    loaded(&broker).await;
    let first = join(&broker).await;
    sync(&broker, &first).await;
    let second = join(&broker);
    let again = async {
        while heartbeat(&broker, &first).await != ErrorCode::REBALANCE_IN_PROGRESS {
            tokio::task::yield_now().await;
        }
        broker.ask(9, &join_request(&first.member_id)).await
    };
    let (second, again) = tokio::join!(second, again);
    assert_eq!((second.generation_id, again.generation_id), (2, 2));
    assert_eq!((second.leader.as_str(), again.members.len()), (again.member_id.as_str(), 2));
    tokio::join!(sync(&broker, &second), sync(&broker, &again));
    assert_eq!(describe(&broker).await.members.len(), 2);
}

#[tokio::test]
async fn groups_and_offsets_survive_kill_9() {
    let broker = Broker::start().await;
    loaded(&broker).await;
    let joined = join(&broker).await;
    sync(&broker, &joined).await;
    assert_eq!(commit(&broker, "simple", TOPIC, 42).await, ErrorCode::NONE);
    let before = describe(&broker).await;
    let broker = broker.killed().await;
    loaded(&broker).await;
    assert_eq!(describe(&broker).await, before);
    assert_eq!(heartbeat(&broker, &joined).await, ErrorCode::NONE);
    let again = broker.ask(5, &sync_request(&joined)).await;
    assert_eq!(again.assignment, joined.member_id);
    assert_eq!(committed(&broker, "simple").await, 42);
}

#[tokio::test]
async fn a_silent_member_is_forgotten() {
    let broker = Broker::start().await;
    loaded(&broker).await;
    let mut request = join_request("");
    request.session_timeout_ms = 60;
    let first = broker.ask(9, &request).await;
    request.member_id = first.member_id;
    let joined = broker.ask(9, &request).await;
    sync(&broker, &joined).await;
    for _ in 0..200 {
        if describe(&broker).await.group_state == "Empty" {
            assert_eq!(heartbeat(&broker, &joined).await, ErrorCode::UNKNOWN_MEMBER_ID);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the session never ended");
}

#[tokio::test]
async fn groups_are_listed_and_deleted() {
    let broker = Broker::start().await;
    loaded(&broker).await;
    for group in ["a", "b", "c", "d"] {
        assert_eq!(commit(&broker, group, TOPIC, 1).await, ErrorCode::NONE);
    }
    let list = ListGroupsRequest { states_filter: vec!["empty".into()], ..Default::default() };
    let listed = broker.ask(newest::<ListGroupsRequest>(), &list).await;
    let mut names: Vec<_> = listed.groups.iter().map(|group| group.group_id.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "b", "c", "d"]);
    let delete = DeleteGroupsRequest { groups_names: vec!["a".into(), "ghost".into()] };
    let deleted = broker.ask(newest::<DeleteGroupsRequest>(), &delete).await;
    let codes: Vec<_> = deleted.results.iter().map(|result| result.error_code).collect();
    assert_eq!(codes, [ErrorCode::NONE, ErrorCode::GROUP_ID_NOT_FOUND]);
    assert_eq!(committed(&broker, "a").await, -1);
    assert_eq!(committed(&broker, "b").await, 1);
}

#[tokio::test]
async fn offsets_go_with_their_topic() {
    let broker = Broker::start().await;
    loaded(&broker).await;
    assert_eq!(commit(&broker, GROUP, TOPIC, 7).await, ErrorCode::NONE);
    broker.delete_topic().await;
    assert_eq!(committed(&broker, GROUP).await, -1);
    let broker = broker.killed().await;
    loaded(&broker).await;
    assert_eq!(committed(&broker, GROUP).await, -1);
}

fn first_partition(broker: &Broker) -> Arc<Replica> {
    let all = broker.node.partitions.all();
    let mut found = all.into_iter().filter(|replica| replica.key.topic == TOPIC_ID);
    found.find(|replica| replica.key.partition == 0).expect("it is open")
}

/// A broker that starts goes through metadata in which it led earlier.
#[tokio::test]
async fn metadata_of_the_past_takes_no_leader_epoch_from_a_log() {
    let broker = Broker::start().await;
    let replica = first_partition(&broker);
    let append = || {
        let mut builder = BatchBuilder::new(BatchOptions::default());
        builder.append(broker.node.clock.wall_ms(), None, Some(b"value"));
        let records = builder.build().to_bytes();
        replica.produce(&records, false, true, broker.node.clock.as_ref()).expect("it leads");
    };
    append();
    let again = PartitionChangeRecord {
        partition_id: 0,
        topic_id: TOPIC_ID,
        leader: NODE,
        ..PartitionChangeRecord::default()
    };
    broker.apply(vec![MetadataRecord::PartitionChange(again)]).await;
    append();
    let epochs = replica.log.epochs();
    assert_eq!(epochs.iter().map(|entry| entry.start_offset).collect::<Vec<_>>(), [0, 1]);
    let broker = broker.killed_and_behind().await;
    assert_eq!(first_partition(&broker).log.epochs(), epochs);
}
