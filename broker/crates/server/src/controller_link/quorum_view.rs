//! The quorum as its leader describes it on the wire.

use barnabas_quorum::{Endpoint, Epoch, NodeId, QuorumView, ReplicaKey, ReplicaView, Voter};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::describe_quorum::{DescribeQuorumResponse, Node, ReplicaState};

/// The view in an answer; none when it is a refusal.
pub(super) fn from_wire(response: DescribeQuorumResponse) -> Option<QuorumView> {
    let DescribeQuorumResponse { error_code, topics, nodes, .. } = response;
    let partition = topics.into_iter().next()?.partitions.into_iter().next()?;
    if error_code != ErrorCode::NONE || partition.error_code != ErrorCode::NONE {
        return None;
    }
    let voters: Vec<ReplicaView> = partition.current_voters.iter().map(replica).collect();
    let nodes = nodes.into_iter().map(|node| voter(node, &voters)).collect();
    Some(QuorumView {
        leader: NodeId(partition.leader_id),
        epoch: Epoch(partition.leader_epoch),
        high_watermark: (partition.high_watermark >= 0).then_some(partition.high_watermark),
        observers: partition.observers.iter().map(replica).collect(),
        voters,
        nodes,
    })
}

fn replica(state: &ReplicaState) -> ReplicaView {
    let directory = state.replica_directory_id;
    let known = |at: i64| u64::try_from(at).ok();
    ReplicaView {
        key: ReplicaKey {
            id: NodeId(state.replica_id),
            directory: (!directory.is_zero()).then_some(directory),
        },
        end_offset: (state.log_end_offset >= 0).then_some(state.log_end_offset),
        last_fetch_ms: known(state.last_fetch_timestamp),
        last_caught_up_ms: known(state.last_caught_up_timestamp),
    }
}

fn voter(node: Node, voters: &[ReplicaView]) -> Voter {
    let id = NodeId(node.node_id);
    let known = voters.iter().map(|voter| voter.key).find(|key| key.id == id);
    let endpoints = node.listeners.into_iter().map(|listener| Endpoint {
        listener: listener.name,
        host: listener.host,
        port: listener.port,
    });
    Voter {
        key: known.unwrap_or(ReplicaKey { id, directory: None }),
        endpoints: endpoints.collect(),
        ..Voter::default()
    }
}
