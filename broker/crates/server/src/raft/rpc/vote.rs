//! Vote.

use barnabas_quorum::{Leadership, Response, VoteRequest, VoteResponse};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::vote as wire;

use super::{TOPIC, either, leadership, only};

pub(super) fn request(request: VoteRequest) -> wire::VoteRequest {
    let partition = wire::RequestPartitionData {
        partition_index: 0,
        replica_epoch: request.epoch.0,
        replica_id: request.candidate.id.0,
        replica_directory_id: request.candidate.directory.unwrap_or_default(),
        voter_directory_id: request.voter.directory.unwrap_or_default(),
        last_offset_epoch: request.last.epoch.0,
        last_offset: request.last.offset,
        pre_vote: request.pre_vote,
    };
    wire::VoteRequest {
        cluster_id: request.cluster_id,
        voter_id: request.voter.id.0,
        topics: vec![wire::RequestTopicData {
            topic_name: TOPIC.to_owned(),
            partitions: vec![partition],
        }],
    }
}

pub(super) fn response(answer: wire::VoteResponse, listener: &str) -> Option<Response> {
    let partition = only(answer.topics).and_then(|topic| only(topic.partitions));
    let Some(partition) = partition else {
        let error = answer.error_code;
        let refused = VoteResponse { error, leadership: Leadership::default(), granted: false };
        return (error != ErrorCode::NONE).then_some(Response::Vote(refused));
    };
    let nodes = answer.node_endpoints;
    let leader = nodes.into_iter().find(|node| node.node_id == partition.leader_id);
    let endpoint = leader.map(|node| (node.host, node.port));
    Some(Response::Vote(VoteResponse {
        error: either(answer.error_code, partition.error_code),
        leadership: leadership(partition.leader_id, partition.leader_epoch, endpoint, listener),
        granted: partition.vote_granted,
    }))
}
