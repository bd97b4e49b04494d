//! IncrementalAlterConfigs: sets, deletes, appends and subtracts single configs (KIP-339).

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::api::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};

use super::RequestContext;
use super::config_resource::{Refused, alter};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let IncrementalAlterConfigsRequest { resources, validate_only } = request;
    let ask = async |resources| {
        let request = IncrementalAlterConfigsRequest { resources, validate_only };
        match node.ask_controller(Request::IncrementalAlterConfigs(request)).await {
            Ok(Response::IncrementalAlterConfigs(response)) => Some(response.responses),
            Ok(_) | Err(_) => None,
        }
    };
    let responses = alter(node, ctx, resources, id, answer, ask).await;
    IncrementalAlterConfigsResponse { throttle_time_ms: 0, responses }
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
