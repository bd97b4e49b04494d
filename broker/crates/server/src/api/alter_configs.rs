//! AlterConfigs: replaces the configs of resources (KIP-133). Deprecated; old clients use it.

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::api::alter_configs::{
    AlterConfigsRequest, AlterConfigsResource, AlterConfigsResourceResponse, AlterConfigsResponse,
};

use super::RequestContext;
use super::config_resource::{Refused, alter};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: AlterConfigsRequest,
) -> AlterConfigsResponse {
    let AlterConfigsRequest { resources, validate_only } = request;
    let ask = async |resources| {
        let request = AlterConfigsRequest { resources, validate_only };
        match node.ask_controller(Request::AlterConfigs(request)).await {
            Ok(Response::AlterConfigs(response)) => Some(response.responses),
            Ok(_) | Err(_) => None,
        }
    };
    let responses = alter(node, ctx, resources, id, answer, ask).await;
    AlterConfigsResponse { throttle_time_ms: 0, responses }
}

fn id(resource: &AlterConfigsResource) -> (i8, &str) {
    (resource.resource_type, &resource.resource_name)
}

fn answer(resource: &AlterConfigsResource, refused: Refused) -> AlterConfigsResourceResponse {
    AlterConfigsResourceResponse {
        error_code: refused.code,
        error_message: Some(refused.message),
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone(),
    }
}
