//! What the requests between members of the metadata quorum have in common.

use barnabas_quorum::{Endpoint, Leadership, NodeId, ReplicaKey, Request, Response};
use barnabas_wire::{ErrorCode, Uuid};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;
pub(super) use crate::raft::{METADATA_TOPIC as TOPIC, only};

/// Hands a request to the quorum.
pub(super) async fn ask(
    node: &Node,
    ctx: &RequestContext,
    request: Request,
) -> Result<Response, ErrorCode> {
    if !ctx.allows(node, Operation::ClusterAction, Resource::Cluster) {
        return Err(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    }
    let controller = node.controller.get().ok_or(ErrorCode::BROKER_NOT_AVAILABLE)?;
    controller.peer(request).await.map_err(|_| ErrorCode::BROKER_NOT_AVAILABLE)
}

/// A replica; the zero directory is none (before KIP-853).
pub(super) fn replica(id: i32, directory: Uuid) -> ReplicaKey {
    ReplicaKey { id: NodeId(id), directory: (!directory.is_zero()).then_some(directory) }
}

/// The leader's id, -1 for none.
pub(super) fn leader_id(leadership: &Leadership) -> i32 {
    leadership.leader.map_or(-1, |leader| leader.0)
}

/// Where the leader is, from the version on that tells it.
pub(super) fn leader_endpoint(leadership: &Leadership, told: bool) -> Option<(i32, &Endpoint)> {
    let endpoint = leadership.endpoint.as_ref().filter(|_| told)?;
    Some((leadership.leader?.0, endpoint))
}
