//! ElectLeaders: elections that an operator asks for.

#[cfg(test)]
mod tests;

use barnabas_metadata::image::{PartitionImage, TopicImage};
use barnabas_metadata::record::MetadataRecord;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::elect_leaders::{
    ElectLeadersRequest, ElectLeadersResponse, PartitionResult, ReplicaElectionResult,
};

use super::{Change, Election, is_acceptable};
use crate::{ApiError, Controller, Outcome};

const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;

impl Controller {
    pub(crate) fn elect_leaders(
        &self,
        request: &ElectLeadersRequest,
    ) -> Outcome<ElectLeadersResponse> {
        let election = match request.election_type {
            PREFERRED => Election::Preferred,
            UNCLEAN => Election::Unclean,
            _ => {
                let error_code = ErrorCode::INVALID_REQUEST;
                let response = ElectLeadersResponse { error_code, ..Default::default() };
                return Outcome::new(Vec::new(), response);
            }
        };
        let mut records = Vec::new();
        let replica_election_results = match &request.topic_partitions {
            None => self.elect_everywhere(election, &mut records),
            Some(topics) => topics
                .iter()
                .map(|named| {
                    let topic = self.state.topics.by_name(&named.topic).ok_or_else(|| {
                        let message = format!("topic {} does not exist", named.topic);
                        ApiError::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message)
                    });
                    let results = named.partitions.iter().map(|id| {
                        let topic = topic.as_ref().map_err(Clone::clone);
                        let elected = topic.and_then(|topic| self.elect(topic, *id, election));
                        result(*id, elected, &mut records)
                    });
                    let partition_result = results.collect();
                    ReplicaElectionResult { topic: named.topic.clone(), partition_result }
                })
                .collect(),
        };
        let response = ElectLeadersResponse { replica_election_results, ..Default::default() };
        Outcome::new(records, response)
    }

    /// All partitions; those that need no election are left out of the answer.
    fn elect_everywhere(
        &self,
        election: Election,
        records: &mut Vec<MetadataRecord>,
    ) -> Vec<ReplicaElectionResult> {
        let mut results = Vec::new();
        for topic in self.state.topics.iter() {
            let partitions = topic.partitions.keys().map(|id| {
                let elected = self.elect(topic, *id, election);
                result(*id, elected, records)
            });
            let partition_result: Vec<_> = partitions
                .filter(|result| result.error_code != ErrorCode::ELECTION_NOT_NEEDED)
                .collect();
            if !partition_result.is_empty() {
                let topic = topic.name.to_string();
                results.push(ReplicaElectionResult { topic, partition_result });
            }
        }
        results
    }

    fn elect(
        &self,
        topic: &TopicImage,
        id: i32,
        election: Election,
    ) -> Result<MetadataRecord, ApiError> {
        let partition = topic.partition(id).ok_or_else(|| {
            let message = format!("topic {} has no partition {id}", topic.name);
            ApiError::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message)
        })?;
        if !is_needed(partition, election) {
            let message = match election {
                Election::Preferred => "the preferred replica leads already",
                Election::Online | Election::Unclean => "the partition has a leader",
            };
            return Err(ApiError::new(ErrorCode::ELECTION_NOT_NEEDED, message));
        }
        let acceptable = |broker: i32| is_acceptable(&self.state, partition, broker);
        let rules = self.rules(&self.state, &topic.name);
        let change = Change::new(topic.id, id, partition, &acceptable, rules).election(election);
        change.build().map(MetadataRecord::from).ok_or_else(|| match election {
            Election::Preferred => {
                let message = "the preferred replica is not in sync or not available";
                ApiError::new(ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE, message)
            }
            Election::Online | Election::Unclean => {
                let message = "no replica of the partition is available";
                ApiError::new(ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE, message)
            }
        })
    }
}

fn is_needed(partition: &PartitionImage, election: Election) -> bool {
    match election {
        Election::Preferred => partition.replicas.first() != Some(&partition.leader),
        Election::Online | Election::Unclean => !partition.has_leader(),
    }
}

fn result(
    partition_id: i32,
    elected: Result<MetadataRecord, ApiError>,
    records: &mut Vec<MetadataRecord>,
) -> PartitionResult {
    let (error_code, error_message) = match elected {
        Ok(record) => {
            records.push(record);
            (ErrorCode::NONE, None)
        }
        Err(error) => (error.code, Some(error.message)),
    };
    PartitionResult { partition_id, error_code, error_message }
}
