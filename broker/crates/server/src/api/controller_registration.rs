//! ControllerRegistration: a controller process says what it can.

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::controller_registration::{
    ControllerRegistrationRequest, ControllerRegistrationResponse,
};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: ControllerRegistrationRequest,
) -> ControllerRegistrationResponse {
    let refused = |error_code| ControllerRegistrationResponse {
        error_code,
        ..ControllerRegistrationResponse::default()
    };
    if !ctx.allows(node, Operation::ClusterAction, Resource::Cluster) {
        return refused(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    }
    match node.ask_controller(Request::ControllerRegistration(request)).await {
        Ok(Response::ControllerRegistration(response)) => response,
        Ok(_) | Err(_) => refused(ErrorCode::NOT_CONTROLLER),
    }
}
