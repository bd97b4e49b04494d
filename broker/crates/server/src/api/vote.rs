//! Vote: a voter of the metadata quorum wants to lead, or asks whether it could.

use std::sync::Arc;

use barnabas_quorum::{self as quorum, Epoch, LogPosition, Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::vote::{
    NodeEndpoint, ResponsePartitionData, ResponseTopicData, VoteRequest, VoteResponse,
};

use super::RequestContext;
use super::quorum_peer::{TOPIC, ask, leader_endpoint, leader_id, only, replica};
use crate::node::Node;

/// Endpoints are told from here on.
const WITH_ENDPOINTS: i16 = 1;

/// Serves the API.
pub async fn handle(node: &Arc<Node>, ctx: &RequestContext, request: VoteRequest) -> VoteResponse {
    let refused = |error_code| VoteResponse { error_code, ..VoteResponse::default() };
    let voter = if request.voter_id < 0 { node.identity.node_id } else { request.voter_id };
    let cluster_id = request.cluster_id;
    let topic = only(request.topics).filter(|topic| topic.topic_name == TOPIC);
    let partition = topic.and_then(|topic| only(topic.partitions));
    let Some(partition) = partition.filter(|partition| partition.partition_index == 0) else {
        return refused(ErrorCode::INVALID_REQUEST);
    };
    let asked = Request::Vote(quorum::VoteRequest {
        cluster_id,
        voter: replica(voter, partition.voter_directory_id),
        candidate: replica(partition.replica_id, partition.replica_directory_id),
        epoch: Epoch(partition.replica_epoch),
        last: LogPosition {
            offset: partition.last_offset,
            epoch: Epoch(partition.last_offset_epoch),
        },
        pre_vote: partition.pre_vote,
    });
    let answer = match ask(node, ctx, asked).await {
        Ok(Response::Vote(answer)) => answer,
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
    VoteResponse {
        error_code: ErrorCode::NONE,
        topics: vec![ResponseTopicData {
            topic_name: TOPIC.to_owned(),
            partitions: vec![ResponsePartitionData {
                partition_index: 0,
                error_code: answer.error,
                leader_id: leader_id(&answer.leadership),
                leader_epoch: answer.leadership.epoch.0,
                vote_granted: answer.granted,
            }],
        }],
        node_endpoints: node_endpoints.into_iter().collect(),
    }
}
