//! OffsetCommit.

use std::sync::Arc;

use barnabas_metadata::Image;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestTopic, OffsetCommitResponse,
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};

use super::{RequestContext, group};
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Versions from this on name topics by id.
const TOPIC_IDS_SINCE: i16 = 10;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    mut request: OffsetCommitRequest,
) -> OffsetCommitResponse {
    let shard = match group::shard(node, ctx, Operation::Read, &request.group_id) {
        Ok(shard) => shard,
        Err(error) => return refused(request.topics, error),
    };
    let image = node.image.load_full();
    let mut refusals = Vec::new();
    let mut accepted = Vec::new();
    for mut topic in std::mem::take(&mut request.topics) {
        match resolve(node, ctx, &image, &mut topic) {
            Ok(()) => accepted.push(topic),
            Err(error) => refusals.push(refuse(topic, error)),
        }
    }
    request.topics = accepted;
    let client = group::client(ctx);
    let mut response = if request.topics.is_empty() {
        OffsetCommitResponse::default()
    } else {
        shard
            .change(|core, now_ms, step| core.commit_offsets(&request, &client, now_ms, step))
            .await
            .unwrap_or_else(|error| refused(request.topics, error))
    };
    response.topics.extend(refusals);
    response
}

/// Completes a topic's name and id; a topic that is not there has no offsets to commit.
fn resolve(
    node: &Node,
    ctx: &RequestContext,
    image: &Image,
    topic: &mut OffsetCommitRequestTopic,
) -> Result<(), ErrorCode> {
    let by_id = ctx.version >= TOPIC_IDS_SINCE;
    if by_id {
        let known = image.topics.by_id(topic.topic_id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
        topic.name = known.name.to_string();
    }
    if !ctx.allows(node, Operation::Read, Resource::Topic(&topic.name)) {
        return Err(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    }
    let known = image.topics.by_name(&topic.name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    topic.topic_id = known.id;
    Ok(())
}

fn refused(topics: Vec<OffsetCommitRequestTopic>, error: ErrorCode) -> OffsetCommitResponse {
    let topics = topics.into_iter().map(|topic| refuse(topic, error)).collect();
    OffsetCommitResponse { topics, ..OffsetCommitResponse::default() }
}

fn refuse(topic: OffsetCommitRequestTopic, error_code: ErrorCode) -> OffsetCommitResponseTopic {
    let partitions = topic.partitions.iter().map(|partition| OffsetCommitResponsePartition {
        partition_index: partition.partition_index,
        error_code,
    });
    OffsetCommitResponseTopic {
        partitions: partitions.collect(),
        name: topic.name,
        topic_id: topic.topic_id,
    }
}
