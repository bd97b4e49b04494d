//! OffsetFetch (`OffsetMetadataManager.fetchOffsets`).
//!
//! `require_stable` needs nothing here: an answer leaves the shell only when everything appended
//! before is committed, and there are no transactional commits yet.

use barnabas_wire::api::offset_fetch::{
    OffsetFetchRequestTopics, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};
use barnabas_wire::{ErrorCode, Uuid};

use super::CommittedOffset;
use crate::coordinator::Coordinator;

const NO_OFFSET: i64 = -1;
const NO_EPOCH: i32 = -1;

impl Coordinator {
    /// The committed offsets of the given partitions, -1 where there is none. Topics must carry
    /// their name; with an id as well, an offset committed for another id is none.
    #[must_use]
    pub fn fetch_offsets(
        &self,
        group: &str,
        topics: &[OffsetFetchRequestTopics],
    ) -> Vec<OffsetFetchResponseTopics> {
        topics
            .iter()
            .map(|topic| OffsetFetchResponseTopics {
                name: topic.name.clone(),
                topic_id: topic.topic_id,
                partitions: topic
                    .partition_indexes
                    .iter()
                    .map(|partition| {
                        let committed = self
                            .offsets()
                            .get(group, &topic.name, *partition)
                            .filter(|committed| same_topic(committed.topic_id, topic.topic_id));
                        answer(*partition, committed)
                    })
                    .collect(),
            })
            .collect()
    }

    /// All committed offsets of a group.
    #[must_use]
    pub fn fetch_all_offsets(&self, group: &str) -> Vec<OffsetFetchResponseTopics> {
        self.offsets()
            .topics(group)
            .map(|(topic, partitions)| OffsetFetchResponseTopics {
                name: topic.clone(),
                topic_id: Uuid::ZERO,
                partitions: partitions
                    .iter()
                    .map(|(partition, committed)| answer(*partition, Some(committed)))
                    .collect(),
            })
            .collect()
    }
}

/// Whether an offset committed for one id answers a question for another; zero is "not known".
fn same_topic(committed: Uuid, asked: Uuid) -> bool {
    committed == Uuid::ZERO || asked == Uuid::ZERO || committed == asked
}

fn answer(partition: i32, committed: Option<&CommittedOffset>) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index: partition,
        committed_offset: committed.map_or(NO_OFFSET, |committed| committed.offset),
        committed_leader_epoch: committed.map_or(NO_EPOCH, |committed| committed.leader_epoch),
        metadata: Some(committed.map_or_else(String::new, |committed| committed.metadata.clone())),
        error_code: ErrorCode::NONE,
    }
}
