//! Fetch of the metadata log.

use barnabas_quorum::{Epoch, FetchBody, FetchRequest, FetchResponse, LogPosition, Response};
use barnabas_wire::api::fetch as wire;
use barnabas_wire::{ErrorCode, Records, Uuid, VersionRange};
use bytes::Bytes;

use super::{TOPIC, either, leadership, only};

/// From KIP-853 on replicas tell their directory; with KIP-1166 their high watermark, too.
pub(super) const VERSIONS: VersionRange = VersionRange { min: 17, max: 18 };

pub(super) fn request(request: FetchRequest) -> wire::FetchRequest {
    let replica = request.replica.unwrap_or_default();
    let partition = wire::FetchPartition {
        partition: 0,
        current_leader_epoch: request.epoch.0,
        fetch_offset: request.fetch_offset,
        last_fetched_epoch: request.last_fetched_epoch.0,
        partition_max_bytes: request.max_bytes,
        replica_directory_id: replica.directory.unwrap_or_default(),
        high_watermark: request.high_watermark.unwrap_or(i64::MAX),
        ..wire::FetchPartition::default()
    };
    wire::FetchRequest {
        cluster_id: request.cluster_id,
        replica_state: wire::ReplicaState {
            replica_id: request.replica.map_or(-1, |replica| replica.id.0),
            replica_epoch: -1,
        },
        max_wait_ms: request.max_wait_ms,
        max_bytes: request.max_bytes,
        topics: vec![wire::FetchTopic {
            topic: TOPIC.to_owned(),
            topic_id: Uuid::METADATA_TOPIC,
            partitions: vec![partition],
        }],
        ..wire::FetchRequest::default()
    }
}

pub(super) fn response(answer: wire::FetchResponse, listener: &str) -> Option<Response> {
    let partition = only(answer.responses).and_then(|topic| only(topic.partitions));
    let Some(partition) = partition else {
        let refused = FetchResponse {
            error: answer.error_code,
            leadership: super::leadership(-1, 0, None, listener),
            high_watermark: -1,
            log_start_offset: -1,
            body: FetchBody::Records(Bytes::new()),
        };
        return (refused.error != ErrorCode::NONE).then_some(Response::Fetch(refused));
    };
    let leader = partition.current_leader;
    let node = answer.node_endpoints.into_iter().find(|node| node.node_id == leader.leader_id);
    let endpoint = node.and_then(|node| Some((node.host, u16::try_from(node.port).ok()?)));
    let at = |offset, epoch| LogPosition { offset, epoch: Epoch(epoch) };
    let body = if partition.snapshot_id.epoch >= 0 {
        FetchBody::Snapshot(at(partition.snapshot_id.end_offset, partition.snapshot_id.epoch))
    } else if partition.diverging_epoch.epoch >= 0 {
        let end = partition.diverging_epoch;
        FetchBody::Diverging(at(end.end_offset, end.epoch))
    } else {
        let records = partition.records.as_ref().and_then(Records::bytes);
        FetchBody::Records(records.cloned().unwrap_or_default())
    };
    Some(Response::Fetch(FetchResponse {
        error: either(answer.error_code, partition.error_code),
        leadership: leadership(leader.leader_id, leader.leader_epoch, endpoint, listener),
        high_watermark: partition.high_watermark,
        log_start_offset: partition.log_start_offset,
        body,
    }))
}
