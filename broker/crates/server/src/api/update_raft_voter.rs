//! UpdateRaftVoter: a voter tells the leader where it is now, and what it supports (KIP-853).

use std::sync::Arc;

use barnabas_quorum::{self as quorum, Epoch, Request, Response, Voter};
use barnabas_wire::api::update_raft_voter::{
    CurrentLeader, UpdateRaftVoterRequest, UpdateRaftVoterResponse,
};

use super::RequestContext;
use super::quorum_peer::{ask, endpoints, leader_endpoint, leader_id, replica};
use crate::node::Node;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: UpdateRaftVoterRequest,
) -> UpdateRaftVoterResponse {
    let refused =
        |error_code| UpdateRaftVoterResponse { error_code, ..UpdateRaftVoterResponse::default() };
    let listeners = request.listeners.into_iter();
    let asked = Request::UpdateVoter(quorum::UpdateVoterRequest {
        cluster_id: request.cluster_id,
        epoch: Epoch(request.current_leader_epoch),
        voter: Voter {
            key: replica(request.voter_id, request.voter_directory_id),
            endpoints: endpoints(listeners.map(|known| (known.name, known.host, known.port))),
            kraft_version_min: request.kraft_version_feature.min_supported_version,
            kraft_version_max: request.kraft_version_feature.max_supported_version,
        },
    });
    let own = |answer| match answer {
        Response::UpdateVoter(answer) => Some((answer.error, answer)),
        _ => None,
    };
    let answer = match ask(node, ctx, asked, own).await {
        Ok(answer) => answer,
        Err(code) => return refused(code),
    };
    let endpoint = leader_endpoint(&answer.leadership, true);
    let (host, port) = endpoint
        .map(|(_, endpoint)| (endpoint.host.clone(), i32::from(endpoint.port)))
        .unwrap_or_default();
    UpdateRaftVoterResponse {
        throttle_time_ms: 0,
        error_code: answer.error,
        current_leader: CurrentLeader {
            leader_id: leader_id(&answer.leadership),
            leader_epoch: answer.leadership.epoch.0,
            host,
            port,
        },
    }
}
