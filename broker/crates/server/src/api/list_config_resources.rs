//! ListConfigResources: everything that has, or may have, dynamic configs (KIP-1142).

use std::sync::Arc;

use barnabas_metadata::Image;
use barnabas_metadata::image::ConfigResourceType;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::list_config_resources::{
    ConfigResource, ListConfigResourcesRequest, ListConfigResourcesResponse,
};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Type of the resources whose log levels can be changed: one for each broker.
const BROKER_LOGGER: i8 = 8;

/// Serves the API from this broker's image. Version 0 knows client metrics only.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: ListConfigResourcesRequest,
) -> ListConfigResourcesResponse {
    let error = |error_code| ListConfigResourcesResponse {
        error_code,
        ..ListConfigResourcesResponse::default()
    };
    if !ctx.allows(node, Operation::DescribeConfigs, Resource::Cluster) {
        return error(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    }
    let all = [
        ConfigResourceType::Topic,
        ConfigResourceType::Broker,
        ConfigResourceType::ClientMetrics,
        ConfigResourceType::Group,
    ];
    let image = node.image.load();
    let mut config_resources = Vec::new();
    if ctx.version == 0 {
        push(&image, ConfigResourceType::ClientMetrics, &mut config_resources);
    } else if request.resource_types.is_empty() {
        all.into_iter().for_each(|wanted| push(&image, wanted, &mut config_resources));
    }
    for wanted in request.resource_types {
        match ConfigResourceType::from_value(wanted) {
            Some(wanted) => push(&image, wanted, &mut config_resources),
            // Known, and there is none: log levels are set at start.
            None if wanted == BROKER_LOGGER => {}
            None => return error(ErrorCode::UNSUPPORTED_VERSION),
        }
    }
    ListConfigResourcesResponse { config_resources, ..ListConfigResourcesResponse::default() }
}

fn push(image: &Image, wanted: ConfigResourceType, resources: &mut Vec<ConfigResource>) {
    let resource_type = wanted.value();
    let named = |resource_name| ConfigResource { resource_name, resource_type };
    match wanted {
        ConfigResourceType::Topic => {
            resources.extend(image.topics.iter().map(|topic| named(topic.name.to_string())));
        }
        ConfigResourceType::Broker => {
            let brokers = image.cluster.brokers();
            resources.extend(brokers.map(|broker| named(broker.id.to_string())));
        }
        ConfigResourceType::ClientMetrics | ConfigResourceType::Group => {
            let stored = image.configs.iter().map(|(resource, _)| resource);
            let stored = stored.filter(|resource| resource.resource_type == wanted);
            resources.extend(stored.map(|resource| named(resource.name.clone())));
        }
    }
}
