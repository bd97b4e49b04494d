//! Fetch on a controller listener: the metadata log, for the members and observers of its quorum.

use barnabas_quorum::{self as quorum, Epoch, FetchBody, Request, Response};
use barnabas_wire::api::fetch::{
    EpochEndOffset, FetchRequest, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData, SnapshotId,
};
use barnabas_wire::{ErrorCode, Records, Uuid};

use crate::api::RequestContext;
use crate::api::quorum_peer::{TOPIC, ask, leader_endpoint, leader_id, only, replica};
use crate::node::Node;

/// The replica's id moved into a structure of its own (KIP-903).
const WITH_REPLICA_STATE: i16 = 15;
/// Topics are named by ids (KIP-516).
const WITH_TOPIC_IDS: i16 = 13;
/// Endpoints are told from here on (KIP-951).
const WITH_ENDPOINTS: i16 = 16;
/// A fetching replica tells its high watermark (KIP-1166).
const WITH_HIGH_WATERMARK: i16 = 18;

pub(super) async fn handle(
    node: &Node,
    ctx: &RequestContext,
    request: FetchRequest,
) -> FetchResponse {
    let refused = |error_code| FetchResponse { error_code, ..FetchResponse::default() };
    let replica_id = if ctx.version >= WITH_REPLICA_STATE {
        request.replica_state.replica_id
    } else {
        request.replica_id
    };
    let named = |topic: &barnabas_wire::api::fetch::FetchTopic| {
        if ctx.version >= WITH_TOPIC_IDS {
            topic.topic_id == Uuid::METADATA_TOPIC
        } else {
            topic.topic == TOPIC
        }
    };
    let topic = only(request.topics).filter(named);
    let partition = topic.and_then(|topic| only(topic.partitions));
    let Some(partition) = partition.filter(|partition| partition.partition == 0) else {
        return refused(ErrorCode::INVALID_REQUEST);
    };
    let asked = Request::Fetch(quorum::FetchRequest {
        cluster_id: request.cluster_id,
        replica: (replica_id >= 0).then(|| replica(replica_id, partition.replica_directory_id)),
        epoch: Epoch(partition.current_leader_epoch),
        fetch_offset: partition.fetch_offset,
        last_fetched_epoch: Epoch(partition.last_fetched_epoch),
        max_wait_ms: request.max_wait_ms,
        max_bytes: partition.partition_max_bytes.min(request.max_bytes),
        high_watermark: (ctx.version >= WITH_HIGH_WATERMARK).then_some(partition.high_watermark),
    });
    let own = |answer| match answer {
        Response::Fetch(answer) => Some((answer.error, answer)),
        _ => None,
    };
    match ask(node, ctx, asked, own).await {
        Ok(answer) => response(ctx.version, answer),
        Err(code) => refused(code),
    }
}

fn response(version: i16, answer: quorum::FetchResponse) -> FetchResponse {
    let mut data = PartitionData {
        partition_index: 0,
        error_code: answer.error,
        high_watermark: answer.high_watermark,
        last_stable_offset: answer.high_watermark,
        log_start_offset: answer.log_start_offset,
        current_leader: LeaderIdAndEpoch {
            leader_id: leader_id(&answer.leadership),
            leader_epoch: answer.leadership.epoch.0,
        },
        records: Some(Records::default()),
        ..PartitionData::default()
    };
    match answer.body {
        FetchBody::Records(bytes) => data.records = Some(Records::Inline(bytes)),
        FetchBody::Diverging(end) => {
            data.diverging_epoch = EpochEndOffset { epoch: end.epoch.0, end_offset: end.offset };
        }
        FetchBody::Snapshot(id) => {
            data.snapshot_id = SnapshotId { end_offset: id.offset, epoch: id.epoch.0 };
        }
    }
    let endpoint = leader_endpoint(&answer.leadership, version >= WITH_ENDPOINTS);
    let node_endpoints = endpoint.map(|(node_id, endpoint)| NodeEndpoint {
        node_id,
        host: endpoint.host.clone(),
        port: i32::from(endpoint.port),
        rack: None,
    });
    FetchResponse {
        responses: vec![FetchableTopicResponse {
            topic: TOPIC.to_owned(),
            topic_id: Uuid::METADATA_TOPIC,
            partitions: vec![data],
        }],
        node_endpoints: node_endpoints.into_iter().collect(),
        ..FetchResponse::default()
    }
}
