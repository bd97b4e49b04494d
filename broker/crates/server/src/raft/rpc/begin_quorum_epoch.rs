//! BeginQuorumEpoch.

use barnabas_quorum::{BeginQuorumEpochRequest, BeginQuorumEpochResponse, Leadership, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::begin_quorum_epoch as wire;

use super::{TOPIC, either, leadership, only};

pub(super) fn request(request: BeginQuorumEpochRequest) -> wire::BeginQuorumEpochRequest {
    let directory = request.voter.and_then(|voter| voter.directory);
    let partition = wire::RequestPartitionData {
        partition_index: 0,
        voter_directory_id: directory.unwrap_or_default(),
        leader_id: request.leader.0,
        leader_epoch: request.epoch.0,
    };
    let endpoints = request.endpoints.into_iter().map(|endpoint| wire::LeaderEndpoint {
        name: endpoint.listener,
        host: endpoint.host,
        port: endpoint.port,
    });
    wire::BeginQuorumEpochRequest {
        cluster_id: request.cluster_id,
        voter_id: request.voter.map_or(-1, |voter| voter.id.0),
        topics: vec![wire::RequestTopicData {
            topic_name: TOPIC.to_owned(),
            partitions: vec![partition],
        }],
        leader_endpoints: endpoints.collect(),
    }
}

pub(super) fn response(answer: wire::BeginQuorumEpochResponse, listener: &str) -> Option<Response> {
    let partition = only(answer.topics).and_then(|topic| only(topic.partitions));
    let Some(partition) = partition else {
        let error = answer.error_code;
        let refused = BeginQuorumEpochResponse { error, leadership: Leadership::default() };
        return (error != ErrorCode::NONE).then_some(Response::BeginQuorumEpoch(refused));
    };
    let nodes = answer.node_endpoints;
    let leader = nodes.into_iter().find(|node| node.node_id == partition.leader_id);
    let endpoint = leader.map(|node| (node.host, node.port));
    Some(Response::BeginQuorumEpoch(BeginQuorumEpochResponse {
        error: either(answer.error_code, partition.error_code),
        leadership: leadership(partition.leader_id, partition.leader_epoch, endpoint, listener),
    }))
}
