//! OffsetDelete.

use std::sync::Arc;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestTopic, OffsetDeleteResponse,
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};

use super::{RequestContext, group};
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: OffsetDeleteRequest,
) -> OffsetDeleteResponse {
    delete(node, ctx, request)
        .await
        .unwrap_or_else(|error_code| OffsetDeleteResponse { error_code, ..Default::default() })
}

async fn delete(
    node: &Arc<Node>,
    ctx: &RequestContext,
    mut request: OffsetDeleteRequest,
) -> Result<OffsetDeleteResponse, ErrorCode> {
    let shard = group::shard(node, ctx, Operation::Delete, &request.group_id)?;
    let image = node.image.load_full();
    let mut refusals = Vec::new();
    request.topics.retain(|topic| {
        let error = if !ctx.allows(node, Operation::Read, Resource::Topic(&topic.name)) {
            ErrorCode::TOPIC_AUTHORIZATION_FAILED
        } else if image.topics.by_name(&topic.name).is_none() {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        } else {
            return true;
        };
        refusals.push(refuse(topic, error));
        false
    });
    let mut response = shard.change(|core, _, step| core.delete_offsets(&request, step)).await?;
    if response.error_code == ErrorCode::NONE {
        response.topics.extend(refusals);
    }
    Ok(response)
}

fn refuse(topic: &OffsetDeleteRequestTopic, error_code: ErrorCode) -> OffsetDeleteResponseTopic {
    let partitions = topic.partitions.iter().map(|partition| OffsetDeleteResponsePartition {
        partition_index: partition.partition_index,
        error_code,
    });
    OffsetDeleteResponseTopic { name: topic.name.clone(), partitions: partitions.collect() }
}
