//! BeginQuorumEpoch: a new leader of the metadata quorum announces itself.

use std::sync::Arc;

use barnabas_quorum::{self as quorum, Epoch, NodeId, Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::begin_quorum_epoch::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, NodeEndpoint, ResponsePartitionData,
    ResponseTopicData,
};

use super::RequestContext;
use super::quorum_peer::{
    TOPIC, ask, endpoints, leader_id, metadata_partition, node_endpoints, replica,
};
use crate::node::Node;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: BeginQuorumEpochRequest,
) -> BeginQuorumEpochResponse {
    let refused =
        |error_code| BeginQuorumEpochResponse { error_code, ..BeginQuorumEpochResponse::default() };
    let given = request.leader_endpoints.into_iter();
    let endpoints = endpoints(given.map(|known| (known.name, known.host, known.port)));
    let Some(partition) = metadata_partition!(request.topics) else {
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
    let own = |answer| match answer {
        Response::BeginQuorumEpoch(answer) => Some((answer.error, answer)),
        _ => None,
    };
    let answer = match ask(node, ctx, asked, own).await {
        Ok(answer) => answer,
        Err(code) => return refused(code),
    };
    let node_endpoints = node_endpoints(ctx, &answer.leadership, |node_id, host, port| {
        NodeEndpoint { node_id, host, port }
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
        node_endpoints,
    }
}
