//! AssignReplicasToDirs: a broker tells where it keeps its replicas (KIP-858).

#[cfg(test)]
mod tests;

use barnabas_metadata::image::Image;
use barnabas_metadata::record::MetadataRecord;
use barnabas_wire::api::assign_replicas_to_dirs::{
    AssignReplicasToDirsRequest, AssignReplicasToDirsResponse, RequestDirectoryData,
    ResponseDirectoryData, ResponsePartitionData, ResponseTopicData,
};
use barnabas_wire::{ErrorCode, Uuid};

use super::{Change, is_acceptable};
use crate::{Controller, Outcome};

impl Controller {
    pub(crate) fn assign_replicas_to_dirs(
        &self,
        request: &AssignReplicasToDirsRequest,
    ) -> Outcome<AssignReplicasToDirsResponse> {
        let refused = |error_code| {
            let response = AssignReplicasToDirsResponse { error_code, ..Default::default() };
            Outcome::new(Vec::new(), response)
        };
        if !self.metadata_version().supports_directory_assignment() {
            return refused(ErrorCode::UNSUPPORTED_VERSION);
        }
        if let Err(error) = self.check_broker_epoch(request.broker_id, request.broker_epoch) {
            return refused(error.code);
        }
        let mut records = Vec::new();
        let directories = request.directories.iter().map(|directory| {
            let topics = self.assign_topics(request.broker_id, directory, &mut records);
            ResponseDirectoryData { id: directory.id, topics }
        });
        let directories = directories.collect();
        Outcome::new(records, AssignReplicasToDirsResponse { directories, ..Default::default() })
    }

    fn assign_topics(
        &self,
        broker: i32,
        directory: &RequestDirectoryData,
        records: &mut Vec<MetadataRecord>,
    ) -> Vec<ResponseTopicData> {
        let mut topics = Vec::with_capacity(directory.topics.len());
        for topic in &directory.topics {
            let partitions = topic.partitions.iter().map(|partition| {
                let partition_index = partition.partition_index;
                let place = (topic.topic_id, partition_index);
                let error_code = match self.assign(broker, directory.id, place) {
                    Ok(record) => {
                        records.extend(record);
                        ErrorCode::NONE
                    }
                    Err(code) => code,
                };
                ResponsePartitionData { partition_index, error_code }
            });
            let partitions = partitions.collect();
            topics.push(ResponseTopicData { topic_id: topic.topic_id, partitions });
        }
        topics
    }

    /// A replica in a directory that failed is out of sync.
    fn assign(
        &self,
        broker: i32,
        directory: Uuid,
        (topic_id, id): (Uuid, i32),
    ) -> Result<Option<MetadataRecord>, ErrorCode> {
        let topic = self.state.topics.by_id(topic_id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
        let partition = topic.partition(id).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        if !partition.replicas.contains(&broker) {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        let online = self
            .state
            .cluster
            .broker(broker)
            .is_some_and(|registration| registration.log_dirs.contains(&directory));
        let acceptable = |candidate: i32| {
            if candidate == broker {
                let registration = self.state.cluster.broker(broker);
                return online && registration.is_some_and(|registration| registration.is_active());
            }
            is_acceptable(&self.state, partition, candidate)
        };
        let rules = self.rules(&self.state, &topic.name);
        let mut change = Change::new(topic_id, id, partition, &acceptable, rules)
            .directory(broker, directory)
            .election(self.election_of(&self.state, &topic.name));
        if !online {
            let isr = partition.isr.iter().copied().filter(|member| *member != broker);
            change = change.isr(isr.collect());
        }
        Ok(change.build().map(MetadataRecord::from))
    }
}

/// Where a new replica will be. A broker with one directory has no choice; one with several tells
/// later.
pub(crate) fn default_directory(image: &Image, broker: i32) -> Uuid {
    match image.cluster.broker(broker).map(|registration| registration.log_dirs.as_slice()) {
        Some([only]) => *only,
        _ => Uuid::UNASSIGNED_DIR,
    }
}
