//! EndQuorumEpoch: the leader of the metadata quorum resigns.

use std::sync::Arc;

use barnabas_quorum::{self as quorum, Epoch, NodeId, Request, Response};
use barnabas_wire::api::end_quorum_epoch::{
    EndQuorumEpochRequest, EndQuorumEpochResponse, NodeEndpoint, ResponsePartitionData,
    ResponseTopicData,
};
use barnabas_wire::{ErrorCode, Uuid};

use super::RequestContext;
use super::quorum_peer::{
    TOPIC, ask, endpoints, leader_id, metadata_partition, node_endpoints, replica,
};
use crate::node::Node;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: EndQuorumEpochRequest,
) -> EndQuorumEpochResponse {
    let refused =
        |error_code| EndQuorumEpochResponse { error_code, ..EndQuorumEpochResponse::default() };
    let given = request.leader_endpoints.into_iter();
    let endpoints = endpoints(given.map(|known| (known.name, known.host, known.port)));
    let Some(partition) = metadata_partition!(request.topics) else {
        return refused(ErrorCode::INVALID_REQUEST);
    };
    let asked = Request::EndQuorumEpoch(quorum::EndQuorumEpochRequest {
        cluster_id: request.cluster_id,
        leader: NodeId(partition.leader_id),
        epoch: Epoch(partition.leader_epoch),
        endpoints,
        successors: if partition.preferred_candidates.is_empty() {
            partition.preferred_successors.iter().map(|id| replica(*id, Uuid::ZERO)).collect()
        } else {
            let candidates = partition.preferred_candidates.iter();
            candidates.map(|key| replica(key.candidate_id, key.candidate_directory_id)).collect()
        },
    });
    let own = |answer| match answer {
        Response::EndQuorumEpoch(answer) => Some((answer.error, answer)),
        _ => None,
    };
    let answer = match ask(node, ctx, asked, own).await {
        Ok(answer) => answer,
        Err(code) => return refused(code),
    };
    let node_endpoints = node_endpoints(ctx, &answer.leadership, |node_id, host, port| {
        NodeEndpoint { node_id, host, port }
    });
    EndQuorumEpochResponse {
        error_code: ErrorCode::NONE,
        topics: vec![ResponseTopicData {
            topic_name: TOPIC.to_owned(),
            partitions: vec![ResponsePartitionData {
                partition_index: 0,
                error_code: answer.error,
                leader_id: leader_id(&answer.leadership),
                leader_epoch: answer.leadership.epoch.0,
            }],
        }],
        node_endpoints,
    }
}
