//! UnregisterBroker: forgets a broker that will not come back.

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::unregister_broker::{UnregisterBrokerRequest, UnregisterBrokerResponse};

use super::RequestContext;
use super::config_resource::no_controller;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: UnregisterBrokerRequest,
) -> UnregisterBrokerResponse {
    let refused = |error_code, message: String| UnregisterBrokerResponse {
        error_code,
        error_message: Some(message),
        ..UnregisterBrokerResponse::default()
    };
    if !ctx.allows(node, Operation::Alter, Resource::Cluster) {
        let message = "altering the cluster is not allowed".to_owned();
        return refused(ErrorCode::CLUSTER_AUTHORIZATION_FAILED, message);
    }
    match node.ask_controller(Request::UnregisterBroker(request)).await {
        Ok(Response::UnregisterBroker(response)) => response,
        Ok(_) | Err(_) => {
            let no_controller = no_controller();
            refused(no_controller.code, no_controller.message)
        }
    }
}
