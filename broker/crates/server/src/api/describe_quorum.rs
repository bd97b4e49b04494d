//! DescribeQuorum: leader, voters and observers of the metadata log (KIP-595, KIP-836, KIP-853).

use std::sync::Arc;

use barnabas_quorum::{QuorumView, ReplicaView, Voter};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::describe_quorum::{
    DescribeQuorumRequest, DescribeQuorumResponse, Listener, Node as QuorumNode, ReplicaState,
    ResponsePartitionData, ResponseTopicData,
};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;
use crate::raft::METADATA_TOPIC as TOPIC;

/// Directory ids and the voters' endpoints are told from here on.
const WITH_NODES: i16 = 2;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: DescribeQuorumRequest,
) -> DescribeQuorumResponse {
    if !ctx.allows(node, Operation::Describe, Resource::Cluster) {
        return refusal(ErrorCode::CLUSTER_AUTHORIZATION_FAILED, "describing is not allowed");
    }
    let Some(controller) = node.controller.get() else {
        return refusal(ErrorCode::NOT_LEADER_OR_FOLLOWER, "no controller is active");
    };
    let Ok(view) = controller.describe_quorum().await else {
        return refusal(ErrorCode::NOT_LEADER_OR_FOLLOWER, "no controller is active");
    };
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let index = partition.partition_index;
            if topic.topic_name == TOPIC && index == 0 {
                partition_data(&view, ctx.version)
            } else {
                ResponsePartitionData {
                    partition_index: index,
                    error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    ..ResponsePartitionData::default()
                }
            }
        });
        ResponseTopicData { partitions: partitions.collect(), topic_name: topic.topic_name }
    });
    let nodes = if ctx.version >= WITH_NODES {
        view.nodes.iter().map(quorum_node).collect()
    } else {
        Vec::new()
    };
    DescribeQuorumResponse {
        error_code: ErrorCode::NONE,
        error_message: None,
        topics: topics.collect(),
        nodes,
    }
}

fn refusal(error_code: ErrorCode, message: &str) -> DescribeQuorumResponse {
    DescribeQuorumResponse {
        error_code,
        error_message: Some(message.to_owned()),
        ..DescribeQuorumResponse::default()
    }
}

fn partition_data(view: &QuorumView, version: i16) -> ResponsePartitionData {
    let state = |replica: &ReplicaView| replica_state(replica, version);
    ResponsePartitionData {
        partition_index: 0,
        error_code: ErrorCode::NONE,
        error_message: None,
        leader_id: view.leader.0,
        leader_epoch: view.epoch.0,
        high_watermark: view.high_watermark.unwrap_or(-1),
        current_voters: view.voters.iter().map(state).collect(),
        observers: view.observers.iter().map(state).collect(),
    }
}

fn replica_state(replica: &ReplicaView, version: i16) -> ReplicaState {
    let time = |at: Option<u64>| at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1);
    let directory = replica.key.directory.filter(|_| version >= WITH_NODES);
    ReplicaState {
        replica_id: replica.key.id.0,
        replica_directory_id: directory.unwrap_or_default(),
        log_end_offset: replica.end_offset.unwrap_or(-1),
        last_fetch_timestamp: time(replica.last_fetch_ms),
        last_caught_up_timestamp: time(replica.last_caught_up_ms),
    }
}

fn quorum_node(voter: &Voter) -> QuorumNode {
    let listeners = voter.endpoints.iter().map(|endpoint| Listener {
        name: endpoint.listener.clone(),
        host: endpoint.host.clone(),
        port: endpoint.port,
    });
    QuorumNode { node_id: voter.key.id.0, listeners: listeners.collect() }
}
