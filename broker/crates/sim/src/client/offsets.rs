//! Committing and asking for the offset of one partition.

use std::time::Duration;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use barnabas_wire::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};

use super::{Lost, Router};
use crate::history::Partition;

const COMMIT_VERSION: i16 = 8;
const FETCH_VERSION: i16 = 8;
const REQUEST: Duration = Duration::from_secs(10);

/// Who commits: a member of a generation, or nobody.
#[derive(Clone, Debug)]
pub(super) struct Committing {
    pub(super) member: String,
    pub(super) generation: i32,
}

impl Committing {
    pub(super) fn without_members() -> Self {
        Self { member: String::new(), generation: -1 }
    }
}

pub(super) async fn commit(
    router: &mut Router,
    group: &str,
    by: &Committing,
    partition: &Partition,
    offset: i64,
) -> Result<ErrorCode, Lost> {
    let connection = router.coordinator(group).await?;
    let committed = OffsetCommitRequestPartition {
        partition_index: partition.number,
        committed_offset: offset,
        ..OffsetCommitRequestPartition::default()
    };
    let request = OffsetCommitRequest {
        group_id: group.to_owned(),
        generation_id_or_member_epoch: by.generation,
        member_id: by.member.clone(),
        topics: vec![OffsetCommitRequestTopic {
            name: partition.topic.to_string(),
            partitions: vec![committed],
            ..OffsetCommitRequestTopic::default()
        }],
        ..OffsetCommitRequest::default()
    };
    let response = connection.call(COMMIT_VERSION, &request, REQUEST).await?;
    let answer = response.topics.first().and_then(|topic| topic.partitions.first());
    Ok(answer.ok_or(Lost)?.error_code)
}

/// -1: there is none.
pub(super) async fn committed(
    router: &mut Router,
    group: &str,
    partition: &Partition,
) -> Result<Result<i64, ErrorCode>, Lost> {
    let connection = router.coordinator(group).await?;
    let request = OffsetFetchRequest {
        groups: vec![OffsetFetchRequestGroup {
            group_id: group.to_owned(),
            topics: Some(vec![OffsetFetchRequestTopics {
                name: partition.topic.to_string(),
                partition_indexes: vec![partition.number],
                ..OffsetFetchRequestTopics::default()
            }]),
            ..OffsetFetchRequestGroup::default()
        }],
        require_stable: true,
        ..OffsetFetchRequest::default()
    };
    let response = connection.call(FETCH_VERSION, &request, REQUEST).await?;
    let group = response.groups.first().ok_or(Lost)?;
    if group.error_code != ErrorCode::NONE {
        return Ok(Err(group.error_code));
    }
    let topic = group.topics.first();
    let found = topic.and_then(|topic| topic.partitions.first()).ok_or(Lost)?;
    if found.error_code != ErrorCode::NONE {
        return Ok(Err(found.error_code));
    }
    Ok(Ok(found.committed_offset))
}
