//! EndQuorumEpoch: the leader of the metadata quorum resigns.

use std::sync::Arc;

use barnabas_quorum::{self as quorum, Endpoint, Epoch, NodeId, Request, Response};
use barnabas_wire::api::end_quorum_epoch::{
    EndQuorumEpochRequest, EndQuorumEpochResponse, NodeEndpoint, ResponsePartitionData,
    ResponseTopicData,
};
use barnabas_wire::{ErrorCode, Uuid};

use super::RequestContext;
use super::quorum_peer::{TOPIC, ask, leader_endpoint, leader_id, only, replica};
use crate::node::Node;

/// Endpoints are told from here on.
const WITH_ENDPOINTS: i16 = 1;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: EndQuorumEpochRequest,
) -> EndQuorumEpochResponse {
    let refused =
        |error_code| EndQuorumEpochResponse { error_code, ..EndQuorumEpochResponse::default() };
    let endpoints = request.leader_endpoints.into_iter().map(|endpoint| Endpoint {
        listener: endpoint.name,
        host: endpoint.host,
        port: endpoint.port,
    });
    let endpoints = endpoints.collect();
    let topic = only(request.topics).filter(|topic| topic.topic_name == TOPIC);
    let partition = topic.and_then(|topic| only(topic.partitions));
    let Some(partition) = partition.filter(|partition| partition.partition_index == 0) else {
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
    let answer = match ask(node, ctx, asked).await {
        Ok(Response::EndQuorumEpoch(answer)) => answer,
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
        node_endpoints: node_endpoints.into_iter().collect(),
    }
}
