//! Vote: a voter of the metadata quorum wants to lead, or asks whether it could.

use std::sync::Arc;

use barnabas_quorum::{self as quorum, Epoch, LogPosition, Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::vote::{
    NodeEndpoint, ResponsePartitionData, ResponseTopicData, VoteRequest, VoteResponse,
};

use super::RequestContext;
use super::quorum_peer::{TOPIC, ask, leader_id, metadata_partition, node_endpoints, replica};
use crate::node::Node;

/// Serves the API.
pub async fn handle(node: &Arc<Node>, ctx: &RequestContext, request: VoteRequest) -> VoteResponse {
    let refused = |error_code| VoteResponse { error_code, ..VoteResponse::default() };
    let voter = if request.voter_id < 0 { node.identity.node_id } else { request.voter_id };
    let cluster_id = request.cluster_id;
    let Some(partition) = metadata_partition!(request.topics) else {
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
    let own = |answer| match answer {
        Response::Vote(answer) => Some((answer.error, answer)),
        _ => None,
    };
    let answer = match ask(node, ctx, asked, own).await {
        Ok(answer) => answer,
        Err(code) => return refused(code),
    };
    let node_endpoints = node_endpoints(ctx, &answer.leadership, |node_id, host, port| {
        NodeEndpoint { node_id, host, port }
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
        node_endpoints,
    }
}
