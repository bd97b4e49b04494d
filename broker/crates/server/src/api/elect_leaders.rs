//! ElectLeaders: elections that an operator asks for (KIP-460).

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::elect_leaders::{ElectLeadersRequest, ElectLeadersResponse};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: ElectLeadersRequest,
) -> ElectLeadersResponse {
    let refused =
        |error_code| ElectLeadersResponse { error_code, ..ElectLeadersResponse::default() };
    if !ctx.allows(node, Operation::Alter, Resource::Cluster) {
        return answer(ctx, refused(ErrorCode::CLUSTER_AUTHORIZATION_FAILED));
    }
    let response = match node.ask_controller(Request::ElectLeaders(request)).await {
        Ok(Response::ElectLeaders(response)) => response,
        Ok(_) | Err(_) => refused(ErrorCode::NOT_CONTROLLER),
    };
    answer(ctx, response)
}

/// The first version has no error for the whole request.
fn answer(ctx: &RequestContext, mut response: ElectLeadersResponse) -> ElectLeadersResponse {
    if ctx.version == 0 {
        response.error_code = ErrorCode::NONE;
    }
    response
}
