//! What a broker knows of the cluster: leaders, replicas, the metadata quorum.

use barnabas_wire::api::describe_quorum::{
    DescribeQuorumRequest, ReplicaState, RequestPartitionData, RequestTopicData,
};
use barnabas_wire::api::metadata::{MetadataRequest, MetadataRequestTopic};
use barnabas_wire::{ErrorCode, Uuid};

use super::Connection;
use crate::ensure;
use crate::failure::{Context, Result};

const METADATA_VERSION: i16 = 9;
const DESCRIBE_QUORUM_VERSION: i16 = 1;

/// A partition in a broker's Metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its number.
    pub index: i32,
    /// Its leader, -1 if it has none.
    pub leader: i32,
    /// The epoch of the leader.
    pub epoch: i32,
    /// Its replicas, the preferred leader first.
    pub replicas: Vec<i32>,
    /// Those in sync.
    pub in_sync: Vec<i32>,
}

/// The metadata quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// The active controller.
    pub leader: i32,
    /// Its epoch.
    pub epoch: i32,
    /// The voters with their log ends.
    pub voters: Vec<(i32, i64)>,
    /// The other replicas of the log with their log ends.
    pub observers: Vec<(i32, i64)>,
}

impl Connection {
    /// The partitions of a topic in the order of their numbers.
    ///
    /// # Errors
    /// When the broker does not answer or knows no such topic.
    pub fn topic_state(&mut self, topic: &str) -> Result<Vec<Partition>> {
        let topics =
            vec![MetadataRequestTopic { topic_id: Uuid::default(), name: Some(topic.to_owned()) }];
        let request = MetadataRequest {
            topics: Some(topics),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let response = self.request(&request, METADATA_VERSION)?;
        let answer = response.topics.into_iter().next().context("no topic is answered")?;
        let code = answer.error_code;
        ensure!(code == ErrorCode::NONE, "describing {topic}: {code:?}");
        let mut partitions: Vec<Partition> = answer
            .partitions
            .into_iter()
            .map(|partition| Partition {
                index: partition.partition_index,
                leader: partition.leader_id,
                epoch: partition.leader_epoch,
                replicas: partition.replica_nodes,
                in_sync: partition.isr_nodes,
            })
            .collect();
        partitions.sort_by_key(|partition| partition.index);
        Ok(partitions)
    }

    /// The metadata quorum.
    ///
    /// # Errors
    /// When the broker does not answer, or there is no leader.
    pub fn quorum(&mut self) -> Result<Quorum> {
        let request = DescribeQuorumRequest {
            topics: vec![RequestTopicData {
                topic_name: "__cluster_metadata".to_owned(),
                partitions: vec![RequestPartitionData { partition_index: 0 }],
            }],
        };
        let response = self.request(&request, DESCRIBE_QUORUM_VERSION)?;
        let code = response.error_code;
        ensure!(code == ErrorCode::NONE, "describing the quorum: {code:?}");
        let partition = response.topics.into_iter().flat_map(|topic| topic.partitions).next();
        let partition = partition.context("no partition of the quorum is answered")?;
        let code = partition.error_code;
        ensure!(code == ErrorCode::NONE, "describing the quorum: {code:?}");
        let ends = |replicas: Vec<ReplicaState>| {
            replicas.iter().map(|replica| (replica.replica_id, replica.log_end_offset)).collect()
        };
        Ok(Quorum {
            leader: partition.leader_id,
            epoch: partition.leader_epoch,
            voters: ends(partition.current_voters),
            observers: ends(partition.observers),
        })
    }
}
