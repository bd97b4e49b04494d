//! Moving replicas of topics, many in one request.

use std::collections::BTreeMap;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use barnabas_wire::api::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsTopics, OngoingTopicReassignment,
};

use super::admin::change_ms;
use super::{Admin, Answers, Error, Refusal};

/// Replicas by partition of a topic.
pub type Assignment = BTreeMap<i32, Vec<i32>>;

impl Admin {
    /// Where the replicas of these partitions are going, of those that are being moved.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn reassignments(
        &self,
        partitions: &BTreeMap<String, Vec<i32>>,
    ) -> Result<BTreeMap<String, Assignment>, Error> {
        let topic = |(name, indexes): (&String, &Vec<i32>)| ListPartitionReassignmentsTopics {
            name: name.clone(),
            partition_indexes: indexes.clone(),
        };
        let request = ListPartitionReassignmentsRequest {
            timeout_ms: change_ms(),
            topics: Some(partitions.iter().map(topic).collect()),
        };
        let response = self.send(&request).await?;
        response.error_code.ok().map_err(Error::Refused)?;
        Ok(response.topics.into_iter().map(|topic| (topic.name.clone(), targets(topic))).collect())
    }

    /// Moves replicas to where they should be. Answers for each topic with the first refusal.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn reassign(
        &self,
        topics: &BTreeMap<String, Assignment>,
    ) -> Result<Answers<()>, Error> {
        let partition = |(index, replicas): (&i32, &Vec<i32>)| ReassignablePartition {
            partition_index: *index,
            replicas: Some(replicas.clone()),
        };
        let topic = |(name, assignment): (&String, &Assignment)| ReassignableTopic {
            name: name.clone(),
            partitions: assignment.iter().map(partition).collect(),
        };
        let request = AlterPartitionReassignmentsRequest {
            timeout_ms: change_ms(),
            allow_replication_factor_change: true,
            topics: topics.iter().map(topic).collect(),
        };
        let response = self.send(&request).await?;
        let whole = Refusal::unless_none(response.error_code, response.error_message);
        if let Err(refusal) = whole {
            return Ok(topics.keys().map(|name| (name.clone(), Err(refusal.clone()))).collect());
        }
        let answer = response.responses.into_iter().map(|topic| {
            let refused = topic.partitions.into_iter().find(|p| p.error_code != ErrorCode::NONE);
            let refused = refused.map(|p| Refusal::unless_none(p.error_code, p.error_message));
            (topic.name, refused.unwrap_or(Ok(())))
        });
        Ok(answer.collect())
    }
}

fn targets(topic: OngoingTopicReassignment) -> Assignment {
    let partitions = topic.partitions.into_iter().map(|partition| {
        let removing = partition.removing_replicas;
        let target = partition.replicas.into_iter().filter(|id| !removing.contains(id)).collect();
        (partition.partition_index, target)
    });
    partitions.collect()
}
