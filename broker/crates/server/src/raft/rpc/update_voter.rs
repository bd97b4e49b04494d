//! UpdateRaftVoter.

use barnabas_quorum::{Response, UpdateVoterRequest, VoterChangeResponse};
use barnabas_wire::api::update_raft_voter as wire;

use super::leadership;

pub(super) fn request(request: UpdateVoterRequest) -> wire::UpdateRaftVoterRequest {
    let voter = request.voter;
    let listeners = voter.endpoints.into_iter().map(|endpoint| wire::Listener {
        name: endpoint.listener,
        host: endpoint.host,
        port: endpoint.port,
    });
    wire::UpdateRaftVoterRequest {
        cluster_id: request.cluster_id,
        current_leader_epoch: request.epoch.0,
        voter_id: voter.key.id.0,
        voter_directory_id: voter.key.directory.unwrap_or_default(),
        listeners: listeners.collect(),
        kraft_version_feature: wire::KRaftVersionFeature {
            min_supported_version: voter.kraft_version_min,
            max_supported_version: voter.kraft_version_max,
        },
    }
}

pub(super) fn response(answer: wire::UpdateRaftVoterResponse, listener: &str) -> Response {
    let leader = answer.current_leader;
    let port = u16::try_from(leader.port).ok().filter(|port| *port > 0);
    let endpoint = port.map(|port| (leader.host, port));
    Response::UpdateVoter(VoterChangeResponse {
        error: answer.error_code,
        leadership: leadership(leader.leader_id, leader.leader_epoch, endpoint, listener),
    })
}
