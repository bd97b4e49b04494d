//! CreateTopics.

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::create_topics::{
    CreatableTopic, CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};

use super::RequestContext;
use super::config_resource::no_controller;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API; the controller decides and writes. On return the topics can be used.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: CreateTopicsRequest,
) -> CreateTopicsResponse {
    let all = ctx.allows(node, Operation::Create, Resource::Cluster);
    let allowed = |topic: &CreatableTopic| {
        all || ctx.allows(node, Operation::Create, Resource::Topic(&topic.name))
    };
    let (wanted, refused): (Vec<_>, Vec<_>) = request.topics.into_iter().partition(allowed);
    let mut topics: Vec<_> = refused
        .into_iter()
        .map(|topic| {
            let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
            refusal(topic.name, code, "creating this topic is not allowed".to_owned())
        })
        .collect();
    if !wanted.is_empty() {
        let names: Vec<_> = wanted.iter().map(|topic| topic.name.clone()).collect();
        let request = CreateTopicsRequest { topics: wanted, ..request };
        match node.ask_controller(Request::CreateTopics(request)).await {
            Ok(Response::CreateTopics(response)) => topics.extend(response.topics),
            Ok(_) | Err(_) => {
                let refused = no_controller();
                let answer = |name| refusal(name, refused.code, refused.message.clone());
                topics.extend(names.into_iter().map(answer));
            }
        }
    }
    if !ctx.allows(node, Operation::DescribeConfigs, Resource::Cluster) {
        hide_configs(node, ctx, &mut topics);
    }
    CreateTopicsResponse { throttle_time_ms: 0, topics }
}

/// Who may not see configs learns neither them nor the defaults that were taken (KIP-525).
fn hide_configs(node: &Node, ctx: &RequestContext, topics: &mut [CreatableTopicResult]) {
    for topic in topics.iter_mut().filter(|topic| topic.error_code == ErrorCode::NONE) {
        if !ctx.allows(node, Operation::DescribeConfigs, Resource::Topic(&topic.name)) {
            topic.configs = Some(Vec::new());
            topic.num_partitions = -1;
            topic.replication_factor = -1;
            topic.topic_config_error_code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
        }
    }
}

fn refusal(name: String, error_code: ErrorCode, message: String) -> CreatableTopicResult {
    CreatableTopicResult {
        name,
        error_code,
        error_message: Some(message),
        ..CreatableTopicResult::default()
    }
}
