//! AlterPartitionReassignments: replicas move to other brokers (KIP-455).
//!
//! A move adds the new replicas to the partition, waits until they are in sync, and drops those
//! that go in the same record that completes it ([`Change`]).

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use barnabas_metadata::image::{LeaderRecoveryState, PartitionImage, TopicImage};
use barnabas_metadata::record::MetadataRecord;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ReassignablePartition,
    ReassignablePartitionResponse, ReassignableTopicResponse,
};

use super::{Change, Election, Rules, Target, default_directory, is_acceptable};
use crate::{ApiError, Controller, Outcome, RECORDS_PER_OPERATION_MAX};

impl Controller {
    pub(crate) fn alter_partition_reassignments(
        &self,
        request: &AlterPartitionReassignmentsRequest,
    ) -> Outcome<AlterPartitionReassignmentsResponse> {
        let allow_replication_factor_change = request.allow_replication_factor_change;
        let mut records = Vec::new();
        let mut responses = Vec::with_capacity(request.topics.len());
        let mut seen = BTreeSet::new();
        for topic in &request.topics {
            let partitions = topic.partitions.iter().map(|wanted| {
                let result = if seen.insert((topic.name.as_str(), wanted.partition_index)) {
                    self.reassign(&topic.name, wanted, allow_replication_factor_change)
                } else {
                    let message = "the partition is named twice in the request";
                    Err(ApiError::new(ErrorCode::INVALID_REQUEST, message))
                };
                let (error_code, error_message) = match result {
                    Ok(record) => {
                        records.extend(record);
                        (ErrorCode::NONE, None)
                    }
                    Err(error) => (error.code, Some(error.message)),
                };
                let partition_index = wanted.partition_index;
                ReassignablePartitionResponse { partition_index, error_code, error_message }
            });
            let partitions = partitions.collect();
            responses.push(ReassignableTopicResponse { name: topic.name.clone(), partitions });
        }
        let mut response = AlterPartitionReassignmentsResponse {
            allow_replication_factor_change,
            responses,
            ..AlterPartitionReassignmentsResponse::default()
        };
        if records.len() > RECORDS_PER_OPERATION_MAX {
            records.clear();
            response.responses.clear();
            response.error_code = ErrorCode::POLICY_VIOLATION;
            response.error_message =
                Some(format!("one request moves at most {RECORDS_PER_OPERATION_MAX} partitions"));
        }
        Outcome::new(records, response)
    }

    fn reassign(
        &self,
        name: &str,
        wanted: &ReassignablePartition,
        allow_replication_factor_change: bool,
    ) -> Result<Option<MetadataRecord>, ApiError> {
        let unknown =
            |message: String| ApiError::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message);
        let id = wanted.partition_index;
        let topic = self.state.topics.by_name(name);
        let topic = topic.ok_or_else(|| unknown(format!("topic {name} does not exist")))?;
        let partition = topic
            .partition(id)
            .ok_or_else(|| unknown(format!("topic {name} has no partition {id}")))?;
        let acceptable = |broker: i32| is_acceptable(&self.state, partition, broker);
        let rules = self.rules(&self.state, name);
        let change = Change::new(topic.id, id, partition, &acceptable, rules);
        let change = match &wanted.replicas {
            None => self.cancel(topic, id, partition, change)?,
            Some(replicas) => {
                self.check_assignment(usize::try_from(id).unwrap_or(0), replicas, None)?;
                if !allow_replication_factor_change {
                    check_factor(partition, replicas.len())?;
                }
                self.move_to(partition, replicas, rules, change)
            }
        };
        Ok(change.build().map(MetadataRecord::from))
    }

    /// Leaves the partition where it was before the move. With nobody in sync but replicas that
    /// were added, that can lose records.
    fn cancel<'a>(
        &self,
        topic: &TopicImage,
        id: i32,
        partition: &'a PartitionImage,
        change: Change<'a>,
    ) -> Result<Change<'a>, ApiError> {
        if !partition.is_reassigning() {
            let message = format!("no reassignment of {}-{id} is in progress", topic.name);
            return Err(ApiError::new(ErrorCode::NO_REASSIGNMENT_IN_PROGRESS, message));
        }
        let stays = |broker: &i32| !partition.adding_replicas.contains(broker);
        let replicas: Vec<i32> = partition.replicas.iter().copied().filter(stays).collect();
        let isr: Vec<i32> = partition.isr.iter().copied().filter(stays).collect();
        let change = change.reassign(Target {
            replicas: self.with_directories(partition, &replicas),
            adding: Vec::new(),
            removing: Vec::new(),
        });
        if !isr.is_empty() {
            return Ok(change.isr(isr));
        }
        if !self.unclean_election(&self.state, &topic.name) {
            let message = format!(
                "only replicas that were added are in sync in {}-{id}: without them records \
                 would be lost, and unclean.leader.election.enable is false",
                topic.name
            );
            return Err(ApiError::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
        }
        let up = replicas.iter().find(|broker| is_acceptable(&self.state, partition, **broker));
        let first = up.or(replicas.first()).copied();
        Ok(change
            .isr(first.into_iter().collect())
            .recovery(LeaderRecoveryState::Recovering)
            .election(Election::Unclean))
    }

    /// Starts a move, or lets the one that goes on end elsewhere.
    fn move_to<'a>(
        &self,
        partition: &'a PartitionImage,
        wanted: &[i32],
        rules: Rules,
        change: Change<'a>,
    ) -> Change<'a> {
        let origin: Vec<i32> = without(&partition.replicas, &partition.adding_replicas);
        // What an earlier move added in vain goes at once, unless the partition relies on it.
        let mut vain = without(&partition.adding_replicas, wanted);
        let rest = without(&partition.isr, &vain).len();
        if rest < rules.min_isr.min(wanted.len()).max(1) {
            vain = without(&vain, &partition.isr);
        }
        let isr = without(&partition.isr, &vain);
        let present = without(&partition.replicas, &vain);
        let adding = sorted(without(wanted, &origin));
        let removing = sorted(without(&present, wanted));
        let all: Vec<i32> = wanted.iter().chain(&removing).copied().collect();
        let replicas = self.with_directories(partition, &all);
        change.reassign(Target { replicas, adding, removing }).isr(isr)
    }

    /// Replicas stay in their directories.
    fn with_directories(
        &self,
        partition: &PartitionImage,
        replicas: &[i32],
    ) -> Vec<(i32, barnabas_wire::Uuid)> {
        let directory = |broker: i32| {
            let known = partition.directory(broker);
            known.unwrap_or_else(|| default_directory(&self.state, broker))
        };
        replicas.iter().map(|broker| (*broker, directory(*broker))).collect()
    }
}

/// Compares with the number that the partition has when no move goes on any more (KIP-860).
fn check_factor(partition: &PartitionImage, wanted: usize) -> Result<(), ApiError> {
    let factor = without(&partition.replicas, &partition.removing_replicas).len();
    if factor == wanted {
        return Ok(());
    }
    let message = format!(
        "the replication factor would change from {factor} to {wanted}, which the request does \
         not allow"
    );
    Err(ApiError::new(ErrorCode::INVALID_REPLICATION_FACTOR, message))
}

fn without(all: &[i32], gone: &[i32]) -> Vec<i32> {
    all.iter().copied().filter(|broker| !gone.contains(broker)).collect()
}

fn sorted(mut brokers: Vec<i32>) -> Vec<i32> {
    brokers.sort_unstable();
    brokers
}
