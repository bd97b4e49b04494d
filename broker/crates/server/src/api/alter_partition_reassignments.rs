//! AlterPartitionReassignments: starts, replaces and cancels moves of replicas (KIP-455).

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
};

use super::RequestContext;
use super::config_resource::no_controller;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: AlterPartitionReassignmentsRequest,
) -> AlterPartitionReassignmentsResponse {
    let refused = |error_code, message: String| AlterPartitionReassignmentsResponse {
        error_code,
        error_message: Some(message),
        ..AlterPartitionReassignmentsResponse::default()
    };
    if !ctx.allows(node, Operation::Alter, Resource::Cluster) {
        let message = "altering the cluster is not allowed".to_owned();
        return refused(ErrorCode::CLUSTER_AUTHORIZATION_FAILED, message);
    }
    match node.ask_controller(Request::AlterPartitionReassignments(request)).await {
        Ok(Response::AlterPartitionReassignments(response)) => response,
        Ok(_) | Err(_) => {
            let no_controller = no_controller();
            refused(no_controller.code, no_controller.message)
        }
    }
}
