//! AlterPartition: a leader asks for another ISR.

use barnabas_bugs::{Bug, is_seeded};
use barnabas_metadata::image::{LeaderRecoveryState, PartitionImage};
use barnabas_metadata::record::MetadataRecord;
use barnabas_wire::api::alter_partition::{
    AlterPartitionRequest, AlterPartitionResponse, BrokerState, RequestPartitionData,
    ResponsePartitionData, ResponseTopicData,
};
use barnabas_wire::{ErrorCode, Uuid};

use super::{Change, is_acceptable};
use crate::{Controller, Outcome};

impl Controller {
    pub(crate) fn alter_partition(
        &mut self,
        request: &AlterPartitionRequest,
    ) -> Outcome<AlterPartitionResponse> {
        let mut response = AlterPartitionResponse::default();
        if let Err(error) = self.check_broker_epoch(request.broker_id, request.broker_epoch) {
            response.error_code = error.code;
            return Outcome::new(Vec::new(), response);
        }
        let mut records = Vec::new();
        for topic in &request.topics {
            let partitions = topic.partitions.iter().map(|data| {
                self.alter_isr(request.broker_id, topic.topic_id, data, &mut records)
                    .unwrap_or_else(|error_code| ResponsePartitionData {
                        partition_index: data.partition_index,
                        error_code,
                        ..ResponsePartitionData::default()
                    })
            });
            let partitions = partitions.collect();
            response.topics.push(ResponseTopicData { topic_id: topic.topic_id, partitions });
        }
        Outcome::new(records, response)
    }

    fn alter_isr(
        &self,
        broker: i32,
        topic_id: Uuid,
        data: &RequestPartitionData,
        records: &mut Vec<MetadataRecord>,
    ) -> Result<ResponsePartitionData, ErrorCode> {
        let topic = self.state.topics.by_id(topic_id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
        let partition =
            topic.partition(data.partition_index).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let isr = wanted_isr(data);
        let recovery = check(broker, partition, data, &isr)?;
        self.check_eligible(&isr)?;
        let acceptable = |id: i32| is_acceptable(&self.state, partition, id);
        let rules = self.rules(&self.state, &topic.name);
        let change = Change::new(topic_id, data.partition_index, partition, &acceptable, rules);
        let ids = isr.iter().map(|member| member.broker_id).collect();
        let change =
            change.isr(ids).recovery(recovery).election(self.election_of(&self.state, &topic.name));
        let mut after = PartitionImage::clone(partition);
        if let Some(record) = change.build() {
            after = partition.changed(&record).map_err(|_| ErrorCode::UNKNOWN_SERVER_ERROR)?;
            records.push(record.into());
        }
        if after.leader != broker {
            // The answer says only that a new leader comes; the rest is in the log.
            return Err(ErrorCode::NEW_LEADER_ELECTED);
        }
        Ok(ResponsePartitionData {
            partition_index: data.partition_index,
            error_code: ErrorCode::NONE,
            leader_id: after.leader,
            leader_epoch: after.leader_epoch,
            isr: after.isr.clone(),
            leader_recovery_state: after.leader_recovery_state.value(),
            partition_epoch: after.partition_epoch,
        })
    }

    /// A member must be up, and the same process that the leader means.
    fn check_eligible(&self, isr: &[BrokerState]) -> Result<(), ErrorCode> {
        if is_seeded(Bug::IgnoreBrokerEpochs) {
            return Ok(());
        }
        let eligible = |member: &BrokerState| {
            self.state.cluster.broker(member.broker_id).is_some_and(|registration| {
                registration.is_active()
                    && (member.broker_epoch == -1 || member.broker_epoch == registration.epoch)
            })
        };
        if isr.iter().all(eligible) { Ok(()) } else { Err(ErrorCode::INELIGIBLE_REPLICA) }
    }
}

/// Version 2 has ids only, version 3 ids with epochs.
fn wanted_isr(data: &RequestPartitionData) -> Vec<BrokerState> {
    if data.new_isr_with_epochs.is_empty() {
        let ids = data.new_isr.iter();
        return ids.map(|id| BrokerState { broker_id: *id, broker_epoch: -1 }).collect();
    }
    data.new_isr_with_epochs.clone()
}

fn check(
    broker: i32,
    partition: &PartitionImage,
    data: &RequestPartitionData,
    isr: &[BrokerState],
) -> Result<LeaderRecoveryState, ErrorCode> {
    if data.leader_epoch > partition.leader_epoch
        || data.partition_epoch > partition.partition_epoch
    {
        return Err(ErrorCode::NOT_CONTROLLER);
    }
    if data.leader_epoch < partition.leader_epoch {
        return Err(ErrorCode::FENCED_LEADER_EPOCH);
    }
    if broker != partition.leader {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let older = data.partition_epoch < partition.partition_epoch;
    if older && !is_seeded(Bug::IgnorePartitionEpochs) {
        return Err(ErrorCode::INVALID_UPDATE_VERSION);
    }
    let recovery = LeaderRecoveryState::from_value(data.leader_recovery_state)
        .ok_or(ErrorCode::INVALID_REQUEST)?;
    let distinct =
        (1..isr.len()).all(|n| isr[..n].iter().all(|member| member.broker_id != isr[n].broker_id));
    let subset = isr.iter().all(|member| partition.replicas.contains(&member.broker_id));
    let with_leader = isr.iter().any(|member| member.broker_id == partition.leader);
    let recovering = recovery == LeaderRecoveryState::Recovering;
    let back = recovering && partition.leader_recovery_state == LeaderRecoveryState::Recovered;
    if !distinct || !subset || !with_leader || back || (recovering && isr.len() > 1) {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    Ok(recovery)
}
