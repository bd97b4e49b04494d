//! IncrementalAlterConfigs: sets, deletes, appends and subtracts single configs (KIP-339).

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::api::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};

use super::RequestContext;
use super::config_resource::{Refused, no_controller, split_allowed};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let IncrementalAlterConfigsRequest { resources, validate_only } = request;
    let (resources, refused) = split_allowed(node, ctx, resources, |resource| {
        (resource.resource_type, &resource.resource_name)
    });
    let mut responses: Vec<_> =
        refused.iter().map(|(resource, refused)| answer(resource, refused)).collect();
    if !resources.is_empty() {
        let request =
            IncrementalAlterConfigsRequest { resources: resources.clone(), validate_only };
        match node.ask_controller(Request::IncrementalAlterConfigs(request)).await {
            Ok(Response::IncrementalAlterConfigs(response)) => responses.extend(response.responses),
            Ok(_) | Err(_) => {
                let refused = no_controller();
                responses.extend(resources.iter().map(|resource| answer(resource, &refused)));
            }
        }
    }
    IncrementalAlterConfigsResponse { throttle_time_ms: 0, responses }
}

fn answer(resource: &AlterConfigsResource, refused: &Refused) -> AlterConfigsResourceResponse {
    AlterConfigsResourceResponse {
        error_code: refused.code,
        error_message: Some(refused.message.clone()),
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone(),
    }
}
