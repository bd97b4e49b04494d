//! EndQuorumEpoch.

use barnabas_quorum::{EndQuorumEpochRequest, EndQuorumEpochResponse, Leadership, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::end_quorum_epoch as wire;

use super::{TOPIC, either, leadership, only};

pub(super) fn request(request: EndQuorumEpochRequest) -> wire::EndQuorumEpochRequest {
    let successors = &request.successors;
    let candidate = |key: &barnabas_quorum::ReplicaKey| wire::ReplicaInfo {
        candidate_id: key.id.0,
        candidate_directory_id: key.directory.unwrap_or_default(),
    };
    let partition = wire::RequestPartitionData {
        partition_index: 0,
        leader_id: request.leader.0,
        leader_epoch: request.epoch.0,
        preferred_successors: successors.iter().map(|key| key.id.0).collect(),
        preferred_candidates: successors.iter().map(candidate).collect(),
    };
    let endpoints = request.endpoints.into_iter().map(|endpoint| wire::LeaderEndpoint {
        name: endpoint.listener,
        host: endpoint.host,
        port: endpoint.port,
    });
    wire::EndQuorumEpochRequest {
        cluster_id: request.cluster_id,
        topics: vec![wire::RequestTopicData {
            topic_name: TOPIC.to_owned(),
            partitions: vec![partition],
        }],
        leader_endpoints: endpoints.collect(),
    }
}

pub(super) fn response(answer: wire::EndQuorumEpochResponse, listener: &str) -> Option<Response> {
    let partition = only(answer.topics).and_then(|topic| only(topic.partitions));
    let Some(partition) = partition else {
        let error = answer.error_code;
        let refused = EndQuorumEpochResponse { error, leadership: Leadership::default() };
        return (error != ErrorCode::NONE).then_some(Response::EndQuorumEpoch(refused));
    };
    let nodes = answer.node_endpoints;
    let leader = nodes.into_iter().find(|node| node.node_id == partition.leader_id);
    let endpoint = leader.map(|node| (node.host, node.port));
    Some(Response::EndQuorumEpoch(EndQuorumEpochResponse {
        error: either(answer.error_code, partition.error_code),
        leadership: leadership(partition.leader_id, partition.leader_epoch, endpoint, listener),
    }))
}
