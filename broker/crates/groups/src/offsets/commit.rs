//! OffsetCommit (`OffsetMetadataManager.commitOffset`).

use barnabas_wire::ErrorCode;
use barnabas_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitResponse,
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};

use super::CommittedOffset;
use crate::coordinator::Coordinator;
use crate::error::GroupError;
use crate::record;
use crate::step::{Client, Step};

/// The first version that tells a client of a newer protocol that the group is gone.
const GROUP_ID_NOT_FOUND_SINCE: i16 = 9;

impl Coordinator {
    /// Commits offsets. Topics must exist and carry their name and, if known, their id.
    pub fn commit_offsets(
        &mut self,
        request: &OffsetCommitRequest,
        client: &Client,
        now_ms: i64,
        step: &mut Step,
    ) -> OffsetCommitResponse {
        let checked = self.check_commit(request, client, now_ms);
        let asked = request.retention_time_ms;
        let expires_ms = (asked != -1).then(|| now_ms.saturating_add(asked));
        let topics = request.topics.iter().map(|topic| OffsetCommitResponseTopic {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            partitions: topic
                .partitions
                .iter()
                .map(|partition| {
                    let committed = CommittedOffset {
                        offset: partition.committed_offset,
                        leader_epoch: partition.committed_leader_epoch,
                        metadata: partition.committed_metadata.clone().unwrap_or_default(),
                        committed_ms: now_ms,
                        expires_ms,
                        topic_id: topic.topic_id,
                    };
                    let outcome = checked.and_then(|()| {
                        self.commit(&request.group_id, &topic.name, partition, committed, step)
                    });
                    OffsetCommitResponsePartition {
                        partition_index: partition.partition_index,
                        error_code: outcome.map_or_else(GroupError::code, |()| ErrorCode::NONE),
                    }
                })
                .collect(),
        });
        OffsetCommitResponse { topics: topics.collect(), ..OffsetCommitResponse::default() }
    }

    fn commit(
        &mut self,
        group: &str,
        topic: &str,
        partition: &OffsetCommitRequestPartition,
        committed: CommittedOffset,
        step: &mut Step,
    ) -> Result<(), GroupError> {
        if committed.metadata.len() > self.config().offset_metadata_max_bytes {
            return Err(GroupError::OffsetMetadataTooLarge);
        }
        let index = partition.partition_index;
        let record = record::offset(group, topic, index, Some(&committed))
            .map_err(|_| GroupError::OffsetMetadataTooLarge)?;
        step.records.push(record);
        self.offsets_mut().put(group, topic, index, committed);
        Ok(())
    }

    fn check_commit(
        &mut self,
        request: &OffsetCommitRequest,
        client: &Client,
        now_ms: i64,
    ) -> Result<(), GroupError> {
        let generation = request.generation_id_or_member_epoch;
        if self.classic(&request.group_id).is_none() {
            if generation < 0 {
                return self.create_simple_group(&request.group_id);
            }
            return Err(if client.version >= GROUP_ID_NOT_FOUND_SINCE {
                GroupError::GroupIdNotFound
            } else {
                GroupError::IllegalGeneration
            });
        }
        let (group, timers) = self.classic_and_timers(&request.group_id)?;
        let instance_id = request.group_instance_id.as_deref();
        group.check_commit(&request.member_id, instance_id, generation)?;
        group.keep_session_by_commit(&request.member_id, now_ms, timers);
        Ok(())
    }
}
