//! DeleteTopics.

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_metadata::Image;
use barnabas_wire::api::delete_topics::{
    DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use barnabas_wire::{ErrorCode, Uuid};

use super::RequestContext;
use super::config_resource::no_controller;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: DeleteTopicsRequest,
) -> DeleteTopicsResponse {
    let image = node.image.load_full();
    // Up to version 5 names alone, from 6 on names or ids.
    let names = request
        .topic_names
        .into_iter()
        .map(|name| DeleteTopicState { name: Some(name), topic_id: Uuid::ZERO });
    let (mut wanted, mut responses) = (Vec::new(), Vec::new());
    for topic in request.topics.into_iter().chain(names) {
        match check(node, ctx, &image, &topic) {
            Ok(()) => wanted.push(topic),
            Err((code, message)) => responses.push(refusal(topic, code, message)),
        }
    }
    if !wanted.is_empty() {
        let request = DeleteTopicsRequest {
            topics: wanted.clone(),
            topic_names: Vec::new(),
            timeout_ms: request.timeout_ms,
        };
        match node.ask_controller(Request::DeleteTopics(request)).await {
            Ok(Response::DeleteTopics(response)) => responses.extend(response.responses),
            Ok(_) | Err(_) => {
                let refused = no_controller();
                let answer = |topic| refusal(topic, refused.code, &refused.message);
                responses.extend(wanted.into_iter().map(answer));
            }
        }
    }
    DeleteTopicsResponse { throttle_time_ms: 0, responses }
}

/// Who may not see a topic must not learn its name from its id.
fn check(
    node: &Node,
    ctx: &RequestContext,
    image: &Image,
    topic: &DeleteTopicState,
) -> Result<(), (ErrorCode, &'static str)> {
    let by_id = image.topics.by_id(topic.topic_id);
    let Some(name) = topic.name.as_deref().or(by_id.map(|found| &*found.name)) else {
        return Ok(());
    };
    let resource = Resource::Topic(name);
    if ctx.allows(node, Operation::Delete, resource) {
        return Ok(());
    }
    let visible = ctx.allows(node, Operation::Describe, resource);
    if topic.name.is_none() && !visible {
        return Err((ErrorCode::UNKNOWN_TOPIC_ID, "no topic has this id"));
    }
    Err((ErrorCode::TOPIC_AUTHORIZATION_FAILED, "deleting this topic is not allowed"))
}

fn refusal(topic: DeleteTopicState, error_code: ErrorCode, message: &str) -> DeletableTopicResult {
    DeletableTopicResult {
        name: topic.name,
        topic_id: topic.topic_id,
        error_code,
        error_message: Some(message.to_owned()),
    }
}
