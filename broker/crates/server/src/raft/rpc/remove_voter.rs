//! RemoveRaftVoter, as a controller sends it whose disk is another one.

use barnabas_quorum::{Leadership, RemoveVoterRequest, Response, VoterChangeResponse};
use barnabas_wire::api::remove_raft_voter as wire;

pub(super) fn request(request: RemoveVoterRequest) -> wire::RemoveRaftVoterRequest {
    wire::RemoveRaftVoterRequest {
        cluster_id: request.cluster_id,
        voter_id: request.key.id.0,
        voter_directory_id: request.key.directory.unwrap_or_default(),
    }
}

pub(super) fn response(answer: &wire::RemoveRaftVoterResponse) -> Response {
    let leadership = Leadership::default();
    Response::RemoveVoter(VoterChangeResponse { error: answer.error_code, leadership })
}
