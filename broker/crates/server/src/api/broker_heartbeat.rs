//! BrokerHeartbeat: a broker is alive, or wants to stop.

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::broker_heartbeat::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: BrokerHeartbeatRequest,
) -> BrokerHeartbeatResponse {
    let refused =
        |error_code| BrokerHeartbeatResponse { error_code, ..BrokerHeartbeatResponse::default() };
    if !ctx.allows(node, Operation::ClusterAction, Resource::Cluster) {
        return refused(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    }
    match node.ask_controller(Request::BrokerHeartbeat(request)).await {
        Ok(Response::BrokerHeartbeat(response)) => response,
        Ok(_) | Err(_) => refused(ErrorCode::NOT_CONTROLLER),
    }
}
