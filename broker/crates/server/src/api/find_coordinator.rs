//! FindCoordinator: which broker to talk to about a group.

use std::sync::Arc;

use barnabas_metadata::Image;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::coordinator::{OFFSETS_TOPIC, partition_for};
use crate::node::Node;

/// Versions from this on ask for several keys (KIP-699).
const KEYS_SINCE: i16 = 4;

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

/// A refusal and what the client's log should say about it.
type Refusal = (ErrorCode, Option<&'static str>);

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: FindCoordinatorRequest,
) -> FindCoordinatorResponse {
    let batched = ctx.version >= KEYS_SINCE;
    let keys = if batched { request.coordinator_keys } else { vec![request.key] };
    let mut coordinators = Vec::with_capacity(keys.len());
    for key in keys {
        coordinators.push(match find(node, ctx, request.key_type, &key).await {
            Ok(found) => Coordinator { key, ..found },
            Err((error_code, message)) => Coordinator {
                key,
                node_id: -1,
                port: -1,
                error_code,
                error_message: message.map(ToOwned::to_owned),
                ..Coordinator::default()
            },
        });
    }
    if batched {
        return FindCoordinatorResponse { coordinators, ..FindCoordinatorResponse::default() };
    }
    let found = coordinators.pop().unwrap_or_default();
    FindCoordinatorResponse {
        error_code: found.error_code,
        error_message: found.error_message,
        node_id: found.node_id,
        host: found.host,
        port: found.port,
        ..FindCoordinatorResponse::default()
    }
}

async fn find(
    node: &Arc<Node>,
    ctx: &RequestContext,
    key_type: i8,
    key: &str,
) -> Result<Coordinator, Refusal> {
    match key_type {
        GROUP => {}
        // Not "try again": nobody coordinates transactions here.
        TRANSACTION => {
            let message = "This broker does not support transactions.";
            return Err((ErrorCode::UNSUPPORTED_VERSION, Some(message)));
        }
        _ => {
            let message = "This broker has no coordinator of this type.";
            return Err((ErrorCode::INVALID_REQUEST, Some(message)));
        }
    }
    if !ctx.allows(node, Operation::Describe, Resource::Group(key)) {
        return Err((ErrorCode::GROUP_AUTHORIZATION_FAILED, None));
    }
    let image = node.image.load_full();
    if image.topics.by_name(OFFSETS_TOPIC).is_none() {
        node.groups.create_topic(node).await;
        return locate(&node.image.load(), ctx, key);
    }
    locate(&image, ctx, key)
}

fn locate(image: &Image, ctx: &RequestContext, group: &str) -> Result<Coordinator, Refusal> {
    let broker = partition_for(image, group)
        .and_then(|partition| image.topics.by_name(OFFSETS_TOPIC)?.partition(partition))
        .and_then(|partition| image.cluster.broker(partition.leader))
        .filter(|broker| !broker.fenced);
    let endpoint = broker.and_then(|broker| broker.endpoint(&ctx.connection.listener));
    let (Some(broker), Some(endpoint)) = (broker, endpoint) else {
        return Err((ErrorCode::COORDINATOR_NOT_AVAILABLE, None));
    };
    Ok(Coordinator {
        node_id: broker.id,
        host: endpoint.host.clone(),
        port: i32::from(endpoint.port),
        ..Coordinator::default()
    })
}
