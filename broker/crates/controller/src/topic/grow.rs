//! CreatePartitions.

use std::collections::{BTreeMap, BTreeSet};

use barnabas_metadata::record::MetadataRecord;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic,
    CreatePartitionsTopicResult,
};

use crate::placement::{Load, Loads};
use crate::{ApiError, Controller, Outcome, PARTITIONS_PER_REQUEST_MAX};

impl Controller {
    pub(crate) fn create_partitions(
        &mut self,
        request: &CreatePartitionsRequest,
    ) -> Outcome<CreatePartitionsResponse> {
        let mut records = Vec::new();
        let mut results = Vec::with_capacity(request.topics.len());
        let mut names = BTreeSet::new();
        let mut loads = self.total_loads();
        for topic in &request.topics {
            let result = if names.insert(topic.name.as_str()) {
                self.grow(topic, &mut loads, PARTITIONS_PER_REQUEST_MAX - records.len())
            } else {
                let message = "the topic is named twice in the request";
                Err(ApiError::new(ErrorCode::INVALID_REQUEST, message))
            };
            let (error_code, error_message) = match result {
                Ok(mut new) => {
                    records.append(&mut new);
                    (ErrorCode::NONE, None)
                }
                Err(error) => (error.code, Some(error.message)),
            };
            let name = topic.name.clone();
            results.push(CreatePartitionsTopicResult { name, error_code, error_message });
        }
        if request.validate_only {
            records.clear();
        }
        Outcome::new(records, CreatePartitionsResponse { throttle_time_ms: 0, results })
    }

    fn grow(
        &mut self,
        request: &CreatePartitionsTopic,
        loads: &mut BTreeMap<i32, Load>,
        room: usize,
    ) -> Result<Vec<MetadataRecord>, ApiError> {
        let name = &request.name;
        let topic = self.state.topics.by_name(name).cloned().ok_or_else(|| {
            let message = format!("topic {name} does not exist");
            ApiError::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message)
        })?;
        let present = topic.partitions.len();
        let wanted = usize::try_from(request.count).unwrap_or(0);
        if wanted <= present {
            let message = format!(
                "topic {name} has {present} partitions already, {} are wanted: partitions can \
                 only be added",
                request.count
            );
            return Err(ApiError::new(ErrorCode::INVALID_PARTITIONS, message));
        }
        let added = wanted - present;
        if added > room {
            let message = format!(
                "one request creates at most {PARTITIONS_PER_REQUEST_MAX} partitions: split it"
            );
            return Err(ApiError::new(ErrorCode::POLICY_VIOLATION, message));
        }
        // Of one that moves only the replicas that stay count.
        let factor =
            topic.partitions.values().next().map_or(1, |first| {
                first.replicas.len().saturating_sub(first.removing_replicas.len())
            });
        let replicas = match &request.assignments {
            None => {
                let factor = i16::try_from(factor).unwrap_or(i16::MAX);
                self.place(loads, Some(&topic), added, factor)?
            }
            Some(assignments) => {
                if assignments.len() != added {
                    let message = format!(
                        "{added} partitions are added, but {} are assigned to brokers",
                        assignments.len()
                    );
                    return Err(ApiError::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
                }
                let lists: Vec<Vec<i32>> =
                    assignments.iter().map(|list| list.broker_ids.clone()).collect();
                for (n, brokers) in lists.iter().enumerate() {
                    self.check_assignment(present + n, brokers, Some(factor))?;
                }
                lists
            }
        };
        let first = i32::try_from(present).unwrap_or(i32::MAX);
        replicas.iter().for_each(|replicas| Loads::count(loads, replicas));
        (first..)
            .zip(replicas)
            .map(|(id, replicas)| self.partition_record(topic.id, id, replicas).map(Into::into))
            .collect()
    }
}
