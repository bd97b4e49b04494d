//! Clients old and new.

use barnabas_wire::api::join_group::JoinGroupRequest;
use barnabas_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use barnabas_wire::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use barnabas_wire::api::sync_group::SyncGroupRequest;
use barnabas_wire::{ErrorCode, Message, Uuid};

use crate::broker::{Broker, TOPIC, TOPIC_ID};
use crate::client::{GROUP, commit, join_request, loaded, sync_request};

#[tokio::test]
async fn every_version_of_joining_works() {
    for version in JoinGroupRequest::VERSIONS.iter() {
        let broker = Broker::start().await;
        loaded(&broker).await;
        let refused = broker.ask(version, &join_request("ghost")).await;
        assert_eq!(refused.error_code, ErrorCode::UNKNOWN_MEMBER_ID);
        let mut joined = broker.ask(version, &join_request("")).await;
        if joined.error_code == ErrorCode::MEMBER_ID_REQUIRED {
            joined = broker.ask(version, &join_request(&joined.member_id)).await;
        }
        assert_eq!((joined.error_code, joined.generation_id), (ErrorCode::NONE, 1));
        let sync_version = version.min(SyncGroupRequest::VERSIONS.max);
        // What old clients are not told they do not tell.
        let mut request = sync_request(&joined);
        request.protocol_type = Some("consumer".into());
        let synced = broker.ask(sync_version, &request).await;
        assert_eq!(synced.error_code, ErrorCode::NONE);
        assert_eq!(synced.assignment, joined.member_id);
    }
}

fn commit_by_id(topic_id: Uuid, name: &str, offset: i64) -> OffsetCommitRequest {
    OffsetCommitRequest {
        group_id: GROUP.into(),
        topics: vec![OffsetCommitRequestTopic {
            name: name.into(),
            topic_id,
            partitions: vec![OffsetCommitRequestPartition {
                committed_offset: offset,
                ..OffsetCommitRequestPartition::default()
            }],
        }],
        ..OffsetCommitRequest::default()
    }
}

#[tokio::test]
async fn every_version_commits() {
    let broker = Broker::start().await;
    loaded(&broker).await;
    for version in OffsetCommitRequest::VERSIONS.iter() {
        let (id, name) = if version < 10 { (Uuid::ZERO, TOPIC) } else { (TOPIC_ID, "") };
        let request = commit_by_id(id, name, i64::from(version));
        let response = broker.ask(version, &request).await;
        assert_eq!(response.topics[0].partitions[0].error_code, ErrorCode::NONE);
        assert_eq!(crate::client::committed(&broker, GROUP).await, i64::from(version));
    }
    let unknown = broker.ask(10, &commit_by_id(Uuid([3; 16]), "", 1)).await;
    assert_eq!(unknown.topics[0].partitions[0].error_code, ErrorCode::UNKNOWN_TOPIC_ID);
    assert_eq!(unknown.topics[0].topic_id, Uuid([3; 16]));
}

#[tokio::test]
async fn every_version_fetches_offsets() {
    let broker = Broker::start().await;
    loaded(&broker).await;
    assert_eq!(commit(&broker, GROUP, TOPIC, 42).await, ErrorCode::NONE);
    for version in 1..8 {
        let topic = OffsetFetchRequestTopic { name: TOPIC.into(), partition_indexes: vec![0, 1] };
        let request = OffsetFetchRequest {
            group_id: GROUP.into(),
            topics: Some(vec![topic]),
            ..OffsetFetchRequest::default()
        };
        let response = broker.ask(version, &request).await;
        let offsets: Vec<_> =
            response.topics[0].partitions.iter().map(|p| p.committed_offset).collect();
        assert_eq!(offsets, [42, -1]);
        assert_eq!(response.topics[0].partitions[0].metadata.as_deref(), Some("note"));
    }
    for version in 8..=10 {
        let by_id = version >= 10;
        let topic = OffsetFetchRequestTopics {
            name: if by_id { String::new() } else { TOPIC.into() },
            topic_id: if by_id { TOPIC_ID } else { Uuid::ZERO },
            partition_indexes: vec![0],
        };
        for topics in [Some(vec![topic]), None] {
            let group = OffsetFetchRequestGroup {
                group_id: GROUP.into(),
                topics,
                ..OffsetFetchRequestGroup::default()
            };
            let request = OffsetFetchRequest { groups: vec![group], ..Default::default() };
            let response = broker.ask(version, &request).await;
            let topic = &response.groups[0].topics[0];
            assert_eq!(topic.partitions[0].committed_offset, 42);
            assert_eq!(topic.topic_id, if by_id { TOPIC_ID } else { Uuid::ZERO });
        }
    }
}
