//! From what was found to a response: inline bytes and file ranges.

use barnabas_metadata::Image;
use barnabas_replication::{Answer, FetchPlan};
use barnabas_storage::FileRange;
use barnabas_wire::api::fetch::{
    AbortedTransaction, EpochEndOffset, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch,
    PartitionData,
};
use barnabas_wire::{ErrorCode, Records};
use bytes::Bytes;

use super::plan::{SessionKey, TopicRef};
use super::round::Outcome;
use crate::api::{Reply, RequestContext};
use crate::net::FileSlice;
use crate::node::Node;
use crate::partition::PartitionKey;

/// Ranges up to this size are read and sent with the rest of the response; larger ones are sent
/// from the file. One vectored write is cheaper than a write, a `sendfile` and a write until the
/// copy costs more than a system call (`docs/performance.md`).
const INLINE_MAX: usize = 32 << 10;
/// From this version on, refusals tell who leads instead (KIP-951).
const LEADERS_SINCE: i16 = 16;

/// Builds the response.
pub(super) fn build(
    node: &Node,
    ctx: &RequestContext,
    plan: &FetchPlan<SessionKey>,
    round: Vec<Outcome>,
    answer: &Answer,
) -> Reply<FetchResponse> {
    let image = node.image.load();
    let mut files = Vec::new();
    let mut responses: Vec<FetchableTopicResponse> = Vec::new();
    let mut last: Option<&TopicRef> = None;
    let found = plan.partitions.iter().zip(round).zip(&answer.included);
    for (((key, _), outcome), included) in found {
        if !included {
            continue;
        }
        if last != Some(&key.topic) {
            responses.push(topic_response(&key.topic));
            last = Some(&key.topic);
        }
        let data = partition_data(&image, ctx, key.partition, outcome, &mut files);
        if let Some(topic) = responses.last_mut() {
            topic.partitions.push(data);
        }
    }
    let message = FetchResponse {
        error_code: ErrorCode::NONE,
        session_id: answer.session_id.0,
        responses,
        ..FetchResponse::default()
    };
    Reply { message: Some(message), files }
}

fn topic_response(topic: &TopicRef) -> FetchableTopicResponse {
    let mut response = FetchableTopicResponse::default();
    match topic {
        TopicRef::Id(id) => response.topic_id = *id,
        TopicRef::Name(name) => response.topic = name.to_string(),
    }
    response
}

fn partition_data(
    image: &Image,
    ctx: &RequestContext,
    partition_index: i32,
    outcome: Outcome,
    files: &mut Vec<FileSlice>,
) -> PartitionData {
    let bytes = outcome.bytes() as u64;
    let Outcome { key, result, counters, .. } = outcome;
    let result = result.and_then(|mut read| {
        let range = read.range.take();
        let records = range.map(|range| records(&range, files)).transpose()?;
        Ok((read, records))
    });
    if let Some(counters) = counters {
        match &result {
            Ok(_) => counters.fetched(bytes),
            Err(_) => counters.fetch_failed(),
        }
    }
    match result {
        Ok((read, records)) => PartitionData {
            partition_index,
            error_code: ErrorCode::NONE,
            high_watermark: read.high_watermark,
            last_stable_offset: read.last_stable_offset,
            log_start_offset: read.log_start_offset,
            diverging_epoch: read.diverging.map_or_else(EpochEndOffset::default, |end| {
                EpochEndOffset { epoch: end.epoch, end_offset: end.end_offset }
            }),
            aborted_transactions: read.aborted.map(|aborted| {
                let of = |txn: barnabas_storage::AbortedTxn| AbortedTransaction {
                    producer_id: txn.producer_id,
                    first_offset: txn.first_offset,
                };
                aborted.into_iter().map(of).collect()
            }),
            preferred_read_replica: read.preferred.map_or(-1, |node| node.0),
            records: Some(records.unwrap_or_default()),
            ..PartitionData::default()
        },
        Err(error_code) => PartitionData {
            partition_index,
            error_code,
            high_watermark: -1,
            current_leader: current_leader(image, ctx, key, error_code),
            records: Some(Records::default()),
            ..PartitionData::default()
        },
    }
}

fn records(range: &FileRange, files: &mut Vec<FileSlice>) -> Result<Records, ErrorCode> {
    let len = range.len();
    match range.file().os_file() {
        Some(file) if len > INLINE_MAX => {
            let (file, position) = (std::sync::Arc::clone(file), range.position());
            files.push(FileSlice { file, position, len });
            Ok(Records::External { len })
        }
        _ => read(range).map(Records::Inline),
    }
}

fn read(range: &FileRange) -> Result<Bytes, ErrorCode> {
    range.read().map_err(|error| {
        tracing::error!(%error, "cannot read");
        ErrorCode::KAFKA_STORAGE_ERROR
    })
}

fn current_leader(
    image: &Image,
    ctx: &RequestContext,
    key: Option<PartitionKey>,
    error_code: ErrorCode,
) -> LeaderIdAndEpoch {
    let moved = [ErrorCode::NOT_LEADER_OR_FOLLOWER, ErrorCode::FENCED_LEADER_EPOCH];
    if ctx.version < LEADERS_SINCE || !moved.contains(&error_code) {
        return LeaderIdAndEpoch::default();
    }
    let partition =
        key.and_then(|key| image.topics.by_id(key.topic)?.partition(key.partition).cloned());
    partition.map_or_else(LeaderIdAndEpoch::default, |partition| LeaderIdAndEpoch {
        leader_id: partition.leader,
        leader_epoch: partition.leader_epoch,
    })
}
