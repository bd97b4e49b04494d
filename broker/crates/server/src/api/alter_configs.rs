//! AlterConfigs: replaces the configs of resources (KIP-133). Deprecated; old clients use it.

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::api::alter_configs::{
    AlterConfigsRequest, AlterConfigsResource, AlterConfigsResourceResponse, AlterConfigsResponse,
};

use super::RequestContext;
use super::config_resource::{Refused, no_controller, split_allowed};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: AlterConfigsRequest,
) -> AlterConfigsResponse {
    let AlterConfigsRequest { resources, validate_only } = request;
    let (resources, refused) = split_allowed(node, ctx, resources, |resource| {
        (resource.resource_type, &resource.resource_name)
    });
    let mut responses: Vec<_> =
        refused.iter().map(|(resource, refused)| answer(resource, refused)).collect();
    if !resources.is_empty() {
        let request = AlterConfigsRequest { resources: resources.clone(), validate_only };
        match node.ask_controller(Request::AlterConfigs(request)).await {
            Ok(Response::AlterConfigs(response)) => responses.extend(response.responses),
            Ok(_) | Err(_) => {
                let refused = no_controller();
                responses.extend(resources.iter().map(|resource| answer(resource, &refused)));
            }
        }
    }
    AlterConfigsResponse { throttle_time_ms: 0, responses }
}

fn answer(resource: &AlterConfigsResource, refused: &Refused) -> AlterConfigsResourceResponse {
    AlterConfigsResourceResponse {
        error_code: refused.code,
        error_message: Some(refused.message.clone()),
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone(),
    }
}
