//! OffsetDelete, and what is forgotten with a topic.

use std::collections::BTreeSet;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteResponse, OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
};

use crate::coordinator::Coordinator;
use crate::error::GroupError;
use crate::record;
use crate::step::Step;

impl Coordinator {
    /// Forgets offsets of topics that the group is not subscribed to.
    pub fn delete_offsets(
        &mut self,
        request: &OffsetDeleteRequest,
        step: &mut Step,
    ) -> OffsetDeleteResponse {
        let mut response = OffsetDeleteResponse::default();
        let group = self.classic(&request.group_id).ok_or(GroupError::GroupIdNotFound);
        if let Err(error) = group.and_then(crate::classic::Group::check_offset_delete) {
            response.error_code = error.code();
            return response;
        }
        for topic in &request.topics {
            let mut answer =
                OffsetDeleteResponseTopic { name: topic.name.clone(), partitions: Vec::new() };
            for partition in &topic.partitions {
                let index = partition.partition_index;
                let outcome = self.delete_offset(&request.group_id, &topic.name, index, step);
                answer.partitions.push(OffsetDeleteResponsePartition {
                    partition_index: index,
                    error_code: outcome.map_or_else(GroupError::code, |()| ErrorCode::NONE),
                });
            }
            response.topics.push(answer);
        }
        response
    }

    /// Forgets the offsets of deleted topics.
    pub fn topics_deleted(&mut self, topics: &BTreeSet<String>, step: &mut Step) {
        let groups: Vec<String> = self.offsets().groups().cloned().collect();
        for group in groups {
            let forgotten =
                self.offsets_mut().remove_where(&group, |topic, _| topics.contains(topic));
            step.records.extend(forgotten.unwrap_or_default());
        }
    }

    fn delete_offset(
        &mut self,
        group: &str,
        topic: &str,
        partition: i32,
        step: &mut Step,
    ) -> Result<(), GroupError> {
        if self.classic(group).is_some_and(|group| group.is_subscribed_to(topic)) {
            return Err(GroupError::GroupSubscribedToTopic);
        }
        if self.offsets_mut().remove(group, topic, partition) {
            let tombstone = record::offset(group, topic, partition, None);
            step.records.push(tombstone.map_err(|_| GroupError::InvalidRequest)?);
        }
        Ok(())
    }
}
