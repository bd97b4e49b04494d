//! FetchSnapshot.

use barnabas_quorum::{
    Epoch, FetchSnapshotRequest, FetchSnapshotResponse, Leadership, LogPosition, Response,
};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::fetch_snapshot as wire;
use bytes::Bytes;

use super::{TOPIC, either, leadership, only};

pub(super) fn request(request: FetchSnapshotRequest) -> wire::FetchSnapshotRequest {
    let directory = request.replica.and_then(|replica| replica.directory);
    let partition = wire::RequestPartitionSnapshot {
        partition: 0,
        current_leader_epoch: request.epoch.0,
        snapshot_id: wire::RequestSnapshotId {
            end_offset: request.snapshot.offset,
            epoch: request.snapshot.epoch.0,
        },
        position: request.position,
        replica_directory_id: directory.unwrap_or_default(),
    };
    wire::FetchSnapshotRequest {
        cluster_id: request.cluster_id,
        replica_id: request.replica.map_or(-1, |replica| replica.id.0),
        max_bytes: request.max_bytes,
        topics: vec![wire::RequestTopicSnapshot {
            name: TOPIC.to_owned(),
            partitions: vec![partition],
        }],
    }
}

pub(super) fn response(answer: wire::FetchSnapshotResponse, listener: &str) -> Option<Response> {
    let partition = only(answer.topics).and_then(|topic| only(topic.partitions));
    let Some(partition) = partition else {
        let refused = FetchSnapshotResponse {
            error: answer.error_code,
            leadership: Leadership::default(),
            snapshot: LogPosition::BOOTSTRAP,
            size: 0,
            position: 0,
            bytes: Bytes::new(),
        };
        return (refused.error != ErrorCode::NONE).then_some(Response::FetchSnapshot(refused));
    };
    let leader = partition.current_leader;
    let node = answer.node_endpoints.into_iter().find(|node| node.node_id == leader.leader_id);
    let endpoint = node.map(|node| (node.host, node.port));
    let id = partition.snapshot_id;
    Some(Response::FetchSnapshot(FetchSnapshotResponse {
        error: either(answer.error_code, partition.error_code),
        leadership: leadership(leader.leader_id, leader.leader_epoch, endpoint, listener),
        snapshot: LogPosition { offset: id.end_offset, epoch: Epoch(id.epoch) },
        size: u64::try_from(partition.size).ok()?,
        position: u64::try_from(partition.position).ok()?,
        bytes: partition.unaligned_records.bytes().cloned().unwrap_or_default(),
    }))
}
