//! ListPartitionReassignments: the moves of replicas that are not complete (KIP-455).

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};

use super::RequestContext;
use super::config_resource::no_controller;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API; the controller knows.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: ListPartitionReassignmentsRequest,
) -> ListPartitionReassignmentsResponse {
    let refused = |error_code, message: String| ListPartitionReassignmentsResponse {
        error_code,
        error_message: Some(message),
        ..ListPartitionReassignmentsResponse::default()
    };
    if !ctx.allows(node, Operation::Describe, Resource::Cluster) {
        let message = "describing the cluster is not allowed".to_owned();
        return refused(ErrorCode::CLUSTER_AUTHORIZATION_FAILED, message);
    }
    match node.ask_controller(Request::ListPartitionReassignments(request)).await {
        Ok(Response::ListPartitionReassignments(response)) => response,
        Ok(_) | Err(_) => {
            let no_controller = no_controller();
            refused(no_controller.code, no_controller.message)
        }
    }
}
