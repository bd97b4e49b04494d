//! AddRaftVoter: makes a controller a voter of the metadata quorum (KIP-853).

use std::sync::Arc;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::add_raft_voter::{AddRaftVoterRequest, AddRaftVoterResponse};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::controller_link::VoterChange;
use crate::node::Node;

/// Serves the API; the leader of the quorum decides.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: AddRaftVoterRequest,
) -> AddRaftVoterResponse {
    let answer = |error_code, error_message| AddRaftVoterResponse {
        throttle_time_ms: 0,
        error_code,
        error_message,
    };
    if !ctx.allows(node, Operation::Alter, Resource::Cluster) {
        return answer(ErrorCode::CLUSTER_AUTHORIZATION_FAILED, None);
    }
    match node.change_voters(VoterChange::Add(request)).await {
        Ok(changed) => answer(changed.code, changed.message),
        Err(error) => answer(ErrorCode::NOT_LEADER_OR_FOLLOWER, Some(error.to_string())),
    }
}
