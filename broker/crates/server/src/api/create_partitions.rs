//! CreatePartitions: more partitions for topics that exist.

use std::sync::Arc;

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopicResult,
};

use super::RequestContext;
use super::config_resource::no_controller;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API; the controller decides and writes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: CreatePartitionsRequest,
) -> CreatePartitionsResponse {
    let (wanted, refused): (Vec<_>, Vec<_>) = request
        .topics
        .into_iter()
        .partition(|topic| ctx.allows(node, Operation::Alter, Resource::Topic(&topic.name)));
    let mut results: Vec<_> = refused
        .into_iter()
        .map(|topic| {
            let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
            refusal(topic.name, code, "altering this topic is not allowed")
        })
        .collect();
    if !wanted.is_empty() {
        let names: Vec<_> = wanted.iter().map(|topic| topic.name.clone()).collect();
        let request = CreatePartitionsRequest { topics: wanted, ..request };
        match node.ask_controller(Request::CreatePartitions(request)).await {
            Ok(Response::CreatePartitions(response)) => results.extend(response.results),
            Ok(_) | Err(_) => {
                let refused = no_controller();
                let answer = |name| refusal(name, refused.code, &refused.message);
                results.extend(names.into_iter().map(answer));
            }
        }
    }
    CreatePartitionsResponse { throttle_time_ms: 0, results }
}

fn refusal(name: String, error_code: ErrorCode, message: &str) -> CreatePartitionsTopicResult {
    CreatePartitionsTopicResult { name, error_code, error_message: Some(message.to_owned()) }
}
