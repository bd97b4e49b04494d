//! AddRaftVoter, as a controller sends it that makes itself a voter.

use barnabas_quorum::{AddVoterRequest, Leadership, Response, VoterChangeResponse};
use barnabas_wire::api::add_raft_voter as wire;

pub(super) fn request(request: AddVoterRequest) -> wire::AddRaftVoterRequest {
    let listeners = request.voter.endpoints.into_iter().map(|endpoint| wire::Listener {
        name: endpoint.listener,
        host: endpoint.host,
        port: endpoint.port,
    });
    wire::AddRaftVoterRequest {
        cluster_id: request.cluster_id,
        timeout_ms: request.timeout_ms,
        voter_id: request.voter.key.id.0,
        voter_directory_id: request.voter.key.directory.unwrap_or_default(),
        listeners: listeners.collect(),
        ack_when_committed: request.ack_when_committed,
    }
}

pub(super) fn response(answer: &wire::AddRaftVoterResponse) -> Response {
    let leadership = Leadership::default();
    Response::AddVoter(VoterChangeResponse { error: answer.error_code, leadership })
}
