//! BrokerRegistration: a broker process joins the cluster.

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::broker_registration::{
    BrokerRegistrationRequest, BrokerRegistrationResponse,
};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: BrokerRegistrationRequest,
) -> BrokerRegistrationResponse {
    let refused = |error_code| BrokerRegistrationResponse {
        error_code,
        ..BrokerRegistrationResponse::default()
    };
    if !ctx.allows(node, Operation::ClusterAction, Resource::Cluster) {
        return refused(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    }
    match node.ask_controller(Request::BrokerRegistration(request)).await {
        Ok(Response::BrokerRegistration(response)) => response,
        Ok(_) | Err(_) => refused(ErrorCode::NOT_CONTROLLER),
    }
}
