//! The requests of a consumer.

use barnabas_wire::api::heartbeat::HeartbeatRequest;
use barnabas_wire::api::join_group::{
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse,
};
use barnabas_wire::api::leave_group::{LeaveGroupRequest, MemberIdentity};
use barnabas_wire::api::list_groups::ListGroupsRequest;
use barnabas_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use barnabas_wire::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use barnabas_wire::api::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use barnabas_wire::{ErrorCode, Message};
use bytes::Bytes;

use crate::broker::{Broker, TOPIC};

pub const GROUP: &str = "g";

/// The newest version of a request.
pub fn newest<R: Message>() -> i16 {
    R::VERSIONS.max
}

pub fn join_request(member_id: &str) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: GROUP.into(),
        session_timeout_ms: 30_000,
        rebalance_timeout_ms: 30_000,
        member_id: member_id.into(),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".into(),
            metadata: Bytes::from_static(&[0, 0, 0, 0, 0, 1, 0, 1, b't', 0xff, 0xff, 0xff, 0xff]),
        }],
        ..JoinGroupRequest::default()
    }
}

/// Waits until all groups are loaded; clients try again.
pub async fn loaded(broker: &Broker) {
    for _ in 0..500 {
        let listed = broker.ask(5, &ListGroupsRequest::default()).await;
        if listed.error_code != ErrorCode::COORDINATOR_LOAD_IN_PROGRESS {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("the groups were not loaded");
}

/// Both halves of KIP-394.
pub async fn join(broker: &Broker) -> JoinGroupResponse {
    let version = newest::<JoinGroupRequest>();
    let first = broker.ask(version, &join_request("")).await;
    assert_eq!(first.error_code, ErrorCode::MEMBER_ID_REQUIRED);
    broker.ask(version, &join_request(&first.member_id)).await
}

pub fn sync_request(joined: &JoinGroupResponse) -> SyncGroupRequest {
    let assignments = joined.members.iter().map(|member| SyncGroupRequestAssignment {
        member_id: member.member_id.clone(),
        assignment: Bytes::from(member.member_id.clone()),
    });
    SyncGroupRequest {
        group_id: GROUP.into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        protocol_type: joined.protocol_type.clone(),
        protocol_name: joined.protocol_name.clone(),
        assignments: assignments.collect(),
        ..SyncGroupRequest::default()
    }
}

pub async fn sync(broker: &Broker, joined: &JoinGroupResponse) {
    let response = broker.ask(5, &sync_request(joined)).await;
    assert_eq!(response.error_code, ErrorCode::NONE);
    assert_eq!(response.assignment, joined.member_id);
}

pub async fn heartbeat(broker: &Broker, joined: &JoinGroupResponse) -> ErrorCode {
    let request = HeartbeatRequest {
        group_id: GROUP.into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        ..HeartbeatRequest::default()
    };
    broker.ask(newest::<HeartbeatRequest>(), &request).await.error_code
}

pub async fn leave(broker: &Broker, member_id: &str) -> ErrorCode {
    let members = vec![MemberIdentity { member_id: member_id.into(), ..Default::default() }];
    let request =
        LeaveGroupRequest { group_id: GROUP.into(), members, ..LeaveGroupRequest::default() };
    let response = broker.ask(newest::<LeaveGroupRequest>(), &request).await;
    assert_eq!(response.error_code, ErrorCode::NONE);
    response.members[0].error_code
}

/// Commits without being a member.
pub async fn commit(broker: &Broker, group: &str, topic: &str, offset: i64) -> ErrorCode {
    let request = OffsetCommitRequest {
        group_id: group.into(),
        topics: vec![OffsetCommitRequestTopic {
            name: topic.into(),
            partitions: vec![OffsetCommitRequestPartition {
                committed_offset: offset,
                committed_metadata: Some("note".into()),
                ..OffsetCommitRequestPartition::default()
            }],
            ..OffsetCommitRequestTopic::default()
        }],
        ..OffsetCommitRequest::default()
    };
    broker.ask(8, &request).await.topics[0].partitions[0].error_code
}

/// Version 8: several groups, topics by name.
async fn fetch_response(
    broker: &Broker,
    group: &str,
) -> barnabas_wire::api::offset_fetch::OffsetFetchResponseGroup {
    let request = OffsetFetchRequest {
        groups: vec![OffsetFetchRequestGroup {
            group_id: group.into(),
            topics: Some(vec![OffsetFetchRequestTopics {
                name: TOPIC.into(),
                partition_indexes: vec![0],
                ..OffsetFetchRequestTopics::default()
            }]),
            ..OffsetFetchRequestGroup::default()
        }],
        require_stable: true,
        ..OffsetFetchRequest::default()
    };
    broker.ask(8, &request).await.groups.remove(0)
}

pub async fn committed(broker: &Broker, group: &str) -> i64 {
    let found = fetch_response(broker, group).await;
    assert_eq!(found.error_code, ErrorCode::NONE);
    assert_eq!(found.topics[0].partitions[0].error_code, ErrorCode::NONE);
    found.topics[0].partitions[0].committed_offset
}
