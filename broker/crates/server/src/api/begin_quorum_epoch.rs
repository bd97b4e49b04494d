//! BeginQuorumEpoch: a new leader of the metadata quorum announces itself.

use std::sync::Arc;

use barnabas_quorum::{self as quorum, Endpoint, Epoch, NodeId, Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::begin_quorum_epoch::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, NodeEndpoint, ResponsePartitionData,
    ResponseTopicData,
};

use super::RequestContext;
use super::quorum_peer::{TOPIC, ask, leader_endpoint, leader_id, only, replica};
use crate::node::Node;

/// Endpoints are told from here on.
const WITH_ENDPOINTS: i16 = 1;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: BeginQuorumEpochRequest,
) -> BeginQuorumEpochResponse {
    let refused =
        |error_code| BeginQuorumEpochResponse { error_code, ..BeginQuorumEpochResponse::default() };
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
    let asked = Request::BeginQuorumEpoch(quorum::BeginQuorumEpochRequest {
        cluster_id: request.cluster_id,
        leader: NodeId(partition.leader_id),
        epoch: Epoch(partition.leader_epoch),
        endpoints,
        voter: (request.voter_id >= 0)
            .then(|| replica(request.voter_id, partition.voter_directory_id)),
    });
    let answer = match ask(node, ctx, asked).await {
        Ok(Response::BeginQuorumEpoch(answer)) => answer,
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
    BeginQuorumEpochResponse {
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
