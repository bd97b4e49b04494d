//! AlterPartition: a leader changes the in-sync replicas of its partitions.

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::alter_partition::{AlterPartitionRequest, AlterPartitionResponse};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: AlterPartitionRequest,
) -> AlterPartitionResponse {
    let refused =
        |error_code| AlterPartitionResponse { error_code, ..AlterPartitionResponse::default() };
    if !ctx.allows(node, Operation::ClusterAction, Resource::Cluster) {
        return refused(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    }
    match node.ask_controller(Request::AlterPartition(request)).await {
        Ok(Response::AlterPartition(response)) => response,
        Ok(_) | Err(_) => refused(ErrorCode::NOT_CONTROLLER),
    }
}
