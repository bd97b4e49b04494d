//! FetchSnapshot: a piece of a metadata snapshot (KIP-630).

use std::sync::Arc;

use barnabas_quorum::{self as quorum, Epoch, LogPosition, Request, Response};
use barnabas_wire::api::fetch_snapshot::{
    FetchSnapshotRequest, FetchSnapshotResponse, LeaderIdAndEpoch, NodeEndpoint,
    ResponsePartitionSnapshot, ResponseSnapshotId, ResponseTopicSnapshot,
};
use barnabas_wire::{ErrorCode, Records};

use super::RequestContext;
use super::quorum_peer::{TOPIC, ask, leader_id, node_endpoints, only, replica};
use crate::node::Node;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: FetchSnapshotRequest,
) -> FetchSnapshotResponse {
    let refused =
        |error_code| FetchSnapshotResponse { error_code, ..FetchSnapshotResponse::default() };
    let Some(topic) = only(request.topics) else { return refused(ErrorCode::INVALID_REQUEST) };
    let name = topic.name;
    let Some(partition) = only(topic.partitions) else {
        return refused(ErrorCode::INVALID_REQUEST);
    };
    if name != TOPIC || partition.partition != 0 {
        let unknown = ResponsePartitionSnapshot {
            index: partition.partition,
            error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            ..ResponsePartitionSnapshot::default()
        };
        return response(name, unknown, Vec::new());
    }
    let asked = Request::FetchSnapshot(quorum::FetchSnapshotRequest {
        cluster_id: request.cluster_id,
        replica: (request.replica_id >= 0)
            .then(|| replica(request.replica_id, partition.replica_directory_id)),
        epoch: Epoch(partition.current_leader_epoch),
        snapshot: LogPosition {
            offset: partition.snapshot_id.end_offset,
            epoch: Epoch(partition.snapshot_id.epoch),
        },
        position: partition.position,
        max_bytes: request.max_bytes,
    });
    let own = |answer| match answer {
        Response::FetchSnapshot(answer) => Some((answer.error, answer)),
        _ => None,
    };
    let answer = match ask(node, ctx, asked, own).await {
        Ok(answer) => answer,
        Err(code) => return refused(code),
    };
    let node_endpoints = node_endpoints(ctx, &answer.leadership, |node_id, host, port| {
        NodeEndpoint { node_id, host, port }
    });
    let data = ResponsePartitionSnapshot {
        index: 0,
        error_code: answer.error,
        snapshot_id: ResponseSnapshotId {
            end_offset: answer.snapshot.offset,
            epoch: answer.snapshot.epoch.0,
        },
        current_leader: LeaderIdAndEpoch {
            leader_id: leader_id(&answer.leadership),
            leader_epoch: answer.leadership.epoch.0,
        },
        size: answer.size.cast_signed(),
        position: answer.position.cast_signed(),
        unaligned_records: Records::Inline(answer.bytes),
    };
    response(name, data, node_endpoints)
}

fn response(
    name: String,
    partition: ResponsePartitionSnapshot,
    node_endpoints: Vec<NodeEndpoint>,
) -> FetchSnapshotResponse {
    FetchSnapshotResponse {
        throttle_time_ms: 0,
        error_code: ErrorCode::NONE,
        topics: vec![ResponseTopicSnapshot { name, partitions: vec![partition] }],
        node_endpoints,
    }
}
