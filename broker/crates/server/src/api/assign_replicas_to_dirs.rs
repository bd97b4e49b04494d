//! AssignReplicasToDirs: a broker tells where it keeps its replicas (KIP-858).

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::assign_replicas_to_dirs::{
    AssignReplicasToDirsRequest, AssignReplicasToDirsResponse,
};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: AssignReplicasToDirsRequest,
) -> AssignReplicasToDirsResponse {
    let refused = |error_code| AssignReplicasToDirsResponse {
        error_code,
        ..AssignReplicasToDirsResponse::default()
    };
    if !ctx.allows(node, Operation::ClusterAction, Resource::Cluster) {
        return refused(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    }
    match node.ask_controller(Request::AssignReplicasToDirs(request)).await {
        Ok(Response::AssignReplicasToDirs(response)) => response,
        Ok(_) | Err(_) => refused(ErrorCode::NOT_CONTROLLER),
    }
}
