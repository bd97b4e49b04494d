//! FetchSnapshot: a piece of a metadata snapshot (KIP-630).

use std::sync::Arc;

use barnabas_quorum::{self as quorum, Epoch, LogPosition, Request, Response};
use barnabas_wire::api::fetch_snapshot::{
    FetchSnapshotRequest, FetchSnapshotResponse, LeaderIdAndEpoch, NodeEndpoint,
    ResponsePartitionSnapshot, ResponseSnapshotId, ResponseTopicSnapshot,
};
use barnabas_wire::{ErrorCode, Records};

use super::RequestContext;
use super::quorum_peer::{TOPIC, ask, leader_endpoint, leader_id, only, replica};
use crate::node::Node;

/// Endpoints are told from here on.
const WITH_ENDPOINTS: i16 = 1;

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
    let answer = match ask(node, ctx, asked).await {
        Ok(Response::FetchSnapshot(answer)) => answer,
        Ok(_) => return refused(ErrorCode::UNKNOWN_SERVER_ERROR),
        Err(code) => return refused(code),
    };
    if answer.error == ErrorCode::INCONSISTENT_CLUSTER_ID {
        return refused(answer.error);
    }
    let endpoint = leader_endpoint(&answer.leadership, ctx.version >= WITH_ENDPOINTS);
    let node_endpoints = endpoint.map(|(node_id, endpoint)| NodeEndpoint {
        node_id,
        host: endpoint.host.clone(),
        port: endpoint.port,
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
    response(name, data, node_endpoints.into_iter().collect())
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
