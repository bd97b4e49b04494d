//! Produce: appends record batches.

use std::collections::HashMap;
use std::sync::Arc;

use barnabas_bugs::{Bug, is_seeded};
use barnabas_metadata::Image;
use barnabas_records::ValidationError;
use barnabas_replication::{AckOutcome, WaitingProduce};
use barnabas_wire::api::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, PartitionProduceData, PartitionProduceResponse,
    ProduceRequest, ProduceResponse, TopicProduceData, TopicProduceResponse,
};
use barnabas_wire::{ErrorCode, Uuid};
use bytes::Bytes;

use super::{Reply, RequestContext};
use crate::access::{Operation, Resource};
use crate::node::Node;
use crate::partition::{Fault, PartitionKey, Produced, Replica};

/// From this version on, topics are named by id.
const TOPIC_IDS_SINCE: i16 = 13;
/// From this version on, batches may be compressed with zstd (KIP-110).
const ZSTD_SINCE: i16 = 7;
/// From this version on, refusals tell who leads instead (KIP-951).
const LEADERS_SINCE: i16 = 10;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: ProduceRequest,
) -> Reply<ProduceResponse> {
    let (acks, timeout_ms) = (request.acks, request.timeout_ms);
    let mut round = Round { node, ctx, acks_all: acks == -1, pending: Vec::new() };
    let mut response = ProduceResponse {
        responses: Vec::with_capacity(request.topic_data.len()),
        ..ProduceResponse::default()
    };
    // Everything up to here and the appends themselves happen before the first wait: a client's
    // pipelined batches are appended in the order it sent them.
    for topic in request.topic_data {
        let refused = (!(-1..=1).contains(&acks)).then_some(ErrorCode::INVALID_REQUIRED_ACKS);
        response.responses.push(round.topic(topic, refused));
    }
    let pending = std::mem::take(&mut round.pending);
    for Pending { replica, produced } in &pending {
        replica.announce(produced, &node.partitions.waiters);
    }
    let unsynced = flush_where_asked(&pending).await;
    if pending.iter().any(|pending| !pending.produced.acknowledged) && acks == -1 {
        wait_for_replicas(node, pending, timeout_ms, &mut response).await;
    }
    if !unsynced.is_empty() {
        let lost = ErrorCode::KAFKA_STORAGE_ERROR;
        amend(node, &mut response, |key| unsynced.contains(key).then_some(lost));
    }
    let silent = acks == 0;
    Reply { message: (!silent).then_some(response), files: Vec::new() }
}

/// An append that may have to be waited for.
struct Pending {
    replica: Arc<Replica>,
    produced: Produced,
}

struct Round<'a> {
    node: &'a Arc<Node>,
    ctx: &'a RequestContext,
    acks_all: bool,
    pending: Vec<Pending>,
}

impl Round<'_> {
    fn topic(
        &mut self,
        topic: TopicProduceData,
        refused: Option<ErrorCode>,
    ) -> TopicProduceResponse {
        let TopicProduceData { name, topic_id, partition_data } = topic;
        let image = self.node.image.load();
        let found = refused.map_or_else(|| self.find(&image, &name, topic_id), Err);
        let partition_responses = partition_data
            .into_iter()
            .map(|data| match found {
                Ok(topic) => self.partition(&image, topic, data),
                Err(code) => failed(data.index, code),
            })
            .collect();
        TopicProduceResponse { name, topic_id, partition_responses }
    }

    fn find(&self, image: &Image, name: &str, topic_id: Uuid) -> Result<Uuid, ErrorCode> {
        let by_id = self.ctx.version >= TOPIC_IDS_SINCE;
        let found = if by_id {
            image.topics.by_id(topic_id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)
        } else {
            image.topics.by_name(name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
        };
        let name = found.as_ref().map_or(name, |topic| &topic.name);
        if !self.ctx.allows(self.node, Operation::Write, Resource::Topic(name)) {
            return Err(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
        }
        found.map(|topic| topic.id)
    }

    fn partition(
        &mut self,
        image: &Image,
        topic: Uuid,
        data: PartitionProduceData,
    ) -> PartitionProduceResponse {
        let index = data.index;
        let key = PartitionKey { topic, partition: index };
        let known = image.topics.by_id(topic).is_some_and(|t| t.partition(index).is_some());
        let Some(replica) = self.node.partitions.get(&key) else {
            let code = if known {
                ErrorCode::NOT_LEADER_OR_FOLLOWER
            } else {
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            };
            return self.with_leader(image, key, failed(index, code));
        };
        let records = data.records.unwrap_or_default();
        match self.append(&replica, &records) {
            Ok(produced) => {
                let response = PartitionProduceResponse {
                    index,
                    base_offset: if is_seeded(Bug::AnswerOffsetZero) {
                        0
                    } else {
                        produced.info.first_offset
                    },
                    log_append_time_ms: produced.log_append_time_ms,
                    log_start_offset: produced.info.log_start_offset,
                    ..PartitionProduceResponse::default()
                };
                self.pending.push(Pending { replica, produced });
                response
            }
            Err(fault) => {
                if fault.is_internal() {
                    tracing::error!(partition = %key, error = %fault, "cannot append");
                }
                self.with_leader(image, key, refused(index, &fault))
            }
        }
    }

    fn append(&self, replica: &Replica, records: &Bytes) -> Result<Produced, Fault> {
        let allow_zstd = self.ctx.version >= ZSTD_SINCE;
        replica.produce(records, self.acks_all, allow_zstd, self.node.clock.as_ref())
    }

    /// Tells who leads, when this broker does not.
    fn with_leader(
        &self,
        image: &Image,
        key: PartitionKey,
        mut response: PartitionProduceResponse,
    ) -> PartitionProduceResponse {
        let wanted = response.error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER;
        if wanted && self.ctx.version >= LEADERS_SINCE {
            let topic = image.topics.by_id(key.topic);
            if let Some(partition) = topic.and_then(|topic| topic.partition(key.partition)) {
                response.current_leader = LeaderIdAndEpoch {
                    leader_id: partition.leader,
                    leader_epoch: partition.leader_epoch,
                };
            }
        }
        response
    }
}

/// Waits for syncs where `flush.messages` asks for one before the acknowledgement; returns the
/// partitions that were not synced.
async fn flush_where_asked(pending: &[Pending]) -> Vec<PartitionKey> {
    let mut unsynced = Vec::new();
    for Pending { replica, produced } in pending {
        let upto = produced.info.log_end_offset;
        let asked = replica.settings().syncs_every_append() && !is_seeded(Bug::SkipSyncBeforeAck);
        if asked && !replica.dir().flush(replica.key, upto).await {
            unsynced.push(replica.key);
        }
    }
    unsynced
}

/// Sets the error of the partitions for which `code` has one.
fn amend(
    node: &Node,
    response: &mut ProduceResponse,
    code: impl Fn(&PartitionKey) -> Option<ErrorCode>,
) {
    let image = node.image.load();
    for topic in &mut response.responses {
        let named = image.topics.by_name(&topic.name).map(|topic| topic.id);
        let id = if topic.topic_id.is_zero() { named } else { Some(topic.topic_id) };
        for partition in &mut topic.partition_responses {
            let key = id.map(|topic| PartitionKey { topic, partition: partition.index });
            if let Some(code) = key.as_ref().and_then(&code) {
                partition.error_code = code;
            }
        }
    }
}

async fn wait_for_replicas(
    node: &Arc<Node>,
    pending: Vec<Pending>,
    timeout_ms: i32,
    response: &mut ProduceResponse,
) {
    let waiting: Vec<_> = pending.into_iter().filter(|p| !p.produced.acknowledged).collect();
    let wait = waiting
        .iter()
        .map(|pending| WaitingProduce {
            partition: pending.replica.key,
            required_offset: pending.produced.required_offset,
        })
        .collect();
    let replicas: Vec<_> = waiting.into_iter().map(|pending| pending.replica).collect();
    let deadline_ms = node.clock.monotonic_ms() + i64::from(timeout_ms.max(0));
    let outcomes = node.partitions.waiters.produce(wait, deadline_ms, &replicas).await;
    let outcomes: HashMap<PartitionKey, AckOutcome> = outcomes.into_iter().collect();
    amend(node, response, |key| outcomes.get(key).copied().map(outcome_code));
}

fn outcome_code(outcome: AckOutcome) -> ErrorCode {
    match outcome {
        _ if is_seeded(Bug::AcknowledgeFailures) => ErrorCode::NONE,
        AckOutcome::Acknowledged => ErrorCode::NONE,
        AckOutcome::NotEnoughReplicas => ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        AckOutcome::LeadershipLost => ErrorCode::NOT_LEADER_OR_FOLLOWER,
        AckOutcome::TimedOut => ErrorCode::REQUEST_TIMED_OUT,
    }
}

fn refused(index: i32, fault: &Fault) -> PartitionProduceResponse {
    let record_errors = match fault {
        Fault::Validation(ValidationError::Records(faults)) => faults
            .iter()
            .map(|(batch_index, fault)| BatchIndexAndErrorMessage {
                batch_index: *batch_index,
                batch_index_error_message: Some(fault.to_string()),
            })
            .collect(),
        _ => Vec::new(),
    };
    PartitionProduceResponse {
        record_errors,
        error_message: Some(fault.to_string()),
        ..failed(index, fault.code())
    }
}

fn failed(index: i32, error_code: ErrorCode) -> PartitionProduceResponse {
    PartitionProduceResponse {
        index,
        error_code,
        base_offset: -1,
        log_start_offset: -1,
        ..PartitionProduceResponse::default()
    }
}
