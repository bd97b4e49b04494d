//! DescribeConfigs: effective configs, where they come from, and what they mean (KIP-133,
//! KIP-226, KIP-569).

use std::collections::BTreeSet;
use std::sync::Arc;

use barnabas_controller::validate_topic_name;
use barnabas_metadata::Image;
use barnabas_metadata::config::{
    ConfigDef, Described, Layers, describe_broker, describe_default_broker, describe_group,
    describe_topic,
};
use barnabas_metadata::image::{ConfigResource, ConfigResourceType, ResourceConfigs};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult,
    DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};

use super::RequestContext;
use super::config_resource::{Refused, authorize};
use crate::access::Operation;
use crate::config::LiveConfig;
use crate::node::Node;

/// Serves the API from this broker's image.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: DescribeConfigsRequest,
) -> DescribeConfigsResponse {
    let image = node.image.load_full();
    let live = LiveConfig::new(Arc::clone(&node.properties));
    let live = live.with_image(node.identity.node_id, &image);
    let shown =
        Shown { synonyms: request.include_synonyms, documentation: request.include_documentation };
    let results = request.resources.into_iter().map(|resource| {
        let id = (resource.resource_type, resource.resource_name.as_str());
        let described = authorize(node, ctx, Operation::DescribeConfigs, id)
            .and_then(|()| describe(node.identity.node_id, &image, live.layers(), id));
        result(resource, described, &shown)
    });
    DescribeConfigsResponse { throttle_time_ms: 0, results: results.collect() }
}

/// What the request asks to see beside values.
struct Shown {
    synonyms: bool,
    documentation: bool,
}

fn describe(
    node_id: i32,
    image: &Image,
    layers: Layers<'_>,
    (resource_type, name): (i8, &str),
) -> Result<Vec<Described>, Refused> {
    let invalid = |message: String| Refused::new(ErrorCode::INVALID_REQUEST, message);
    match ConfigResourceType::from_value(resource_type) {
        Some(ConfigResourceType::Topic) => {
            if let Err(error) = validate_topic_name(name) {
                return Err(Refused::new(error.code, error.message));
            }
            if image.topics.by_name(name).is_none() {
                let message = format!("topic {name} does not exist");
                return Err(Refused::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message));
            }
            let none = ResourceConfigs::new();
            let overrides = image.configs.get(&ConfigResource::topic(name));
            Ok(describe_topic(overrides.map_or(&none, |configs| configs), layers))
        }
        Some(ConfigResourceType::Broker) if name.is_empty() => Ok(describe_default_broker(layers)),
        Some(ConfigResourceType::Broker) if name.parse() == Ok(node_id) => {
            Ok(describe_broker(layers))
        }
        Some(ConfigResourceType::Broker) => Err(invalid(format!(
            "Unexpected broker id, expected {node_id} or empty string, but received {name}"
        ))),
        Some(ConfigResourceType::Group) if name.is_empty() => {
            Err(invalid("Group name must not be empty".to_owned()))
        }
        Some(ConfigResourceType::Group) => {
            let none = ResourceConfigs::new();
            let overrides = image.configs.get(&ConfigResource::group(name));
            Ok(describe_group(overrides.map_or(&none, |configs| configs), layers))
        }
        Some(ConfigResourceType::ClientMetrics) => {
            Err(invalid("client metrics (KIP-714) are not supported yet".to_owned()))
        }
        None => Err(invalid(format!(
            "resource type {resource_type} has no configs: 2 is a topic, 4 a broker, 32 a group"
        ))),
    }
}

fn result(
    resource: DescribeConfigsResource,
    described: Result<Vec<Described>, Refused>,
    shown: &Shown,
) -> DescribeConfigsResult {
    let DescribeConfigsResource { resource_type, resource_name, configuration_keys } = resource;
    // As in Kafka, naming none asks for all.
    let keys: Option<BTreeSet<String>> =
        configuration_keys.filter(|keys| !keys.is_empty()).map(|keys| keys.into_iter().collect());
    let wanted = |config: &Described| keys.as_ref().is_none_or(|keys| keys.contains(&config.name));
    let (error_code, error_message, configs) = match described {
        Ok(configs) => {
            let configs = configs.into_iter().filter(wanted);
            (ErrorCode::NONE, None, configs.map(|config| entry(config, shown)).collect())
        }
        Err(refused) => (refused.code, Some(refused.message), Vec::new()),
    };
    DescribeConfigsResult { error_code, error_message, resource_type, resource_name, configs }
}

fn entry(config: Described, shown: &Shown) -> DescribeConfigsResourceResult {
    let Described { name, value, definition, source, read_only, synonyms } = config;
    let synonyms =
        synonyms.into_iter().filter(|_| shown.synonyms).map(|synonym| DescribeConfigsSynonym {
            name: synonym.name,
            value: synonym.value,
            source: synonym.source.wire_value(),
        });
    DescribeConfigsResourceResult {
        name,
        value,
        read_only,
        config_source: source.wire_value(),
        is_sensitive: definition.is_none_or(ConfigDef::is_sensitive),
        synonyms: synonyms.collect(),
        config_type: definition.map_or(0, |definition| definition.config_type.wire_value()),
        documentation: definition
            .filter(|_| shown.documentation)
            .map(|definition| definition.doc.to_owned()),
    }
}

#[cfg(test)]
mod tests;
