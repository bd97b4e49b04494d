//! OffsetFetch.

use std::sync::Arc;

use barnabas_metadata::Image;
use barnabas_wire::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponse,
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use barnabas_wire::{ErrorCode, Uuid};

use super::{RequestContext, group};
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Versions from this on ask for several groups (KIP-709).
const GROUPS_SINCE: i16 = 8;
/// Versions from this on name topics by id.
const TOPIC_IDS_SINCE: i16 = 10;
/// Versions from this on have a place for an error of the group.
const GROUP_ERROR_SINCE: i16 = 2;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: OffsetFetchRequest,
) -> OffsetFetchResponse {
    if ctx.version < GROUPS_SINCE {
        let asked = single(request);
        let named = asked.topics.clone();
        let answer = fetch(node, ctx, asked).await;
        return flatten(answer, named, ctx.version);
    }
    let mut response = OffsetFetchResponse::default();
    for asked in request.groups {
        response.groups.push(fetch(node, ctx, asked).await);
    }
    response
}

async fn fetch(
    node: &Arc<Node>,
    ctx: &RequestContext,
    asked: OffsetFetchRequestGroup,
) -> OffsetFetchResponseGroup {
    let mut answer =
        OffsetFetchResponseGroup { group_id: asked.group_id.clone(), ..Default::default() };
    match fetch_topics(node, ctx, asked).await {
        Ok(topics) => answer.topics = topics,
        Err(error) => answer.error_code = error,
    }
    answer
}

async fn fetch_topics(
    node: &Arc<Node>,
    ctx: &RequestContext,
    asked: OffsetFetchRequestGroup,
) -> Result<Vec<OffsetFetchResponseTopics>, ErrorCode> {
    let group = asked.group_id;
    let shard = group::shard(node, ctx, Operation::Describe, &group)?;
    let image = node.image.load_full();
    let Some(topics) = asked.topics else {
        let mut all = shard.look(|core, _| core.fetch_all_offsets(&group)).await?;
        all.retain_mut(|topic| may_see(node, ctx, &image, topic));
        return Ok(all);
    };
    let mut refusals = Vec::new();
    let mut accepted = Vec::new();
    for mut topic in topics {
        match resolve(node, ctx, &image, &mut topic) {
            Ok(()) => accepted.push(topic),
            Err(error) => refusals.push(refuse(topic, error)),
        }
    }
    let mut found = shard.look(|core, _| core.fetch_offsets(&group, &accepted)).await?;
    found.extend(refusals);
    Ok(found)
}

/// All offsets of a group leave out what the client may not see, and topics without an id when it
/// asks for ids.
fn may_see(
    node: &Node,
    ctx: &RequestContext,
    image: &Image,
    topic: &mut OffsetFetchResponseTopics,
) -> bool {
    if ctx.version >= TOPIC_IDS_SINCE {
        let Some(known) = image.topics.by_name(&topic.name) else { return false };
        topic.topic_id = known.id;
    }
    ctx.allows(node, Operation::Describe, Resource::Topic(&topic.name))
}

fn resolve(
    node: &Node,
    ctx: &RequestContext,
    image: &Image,
    topic: &mut OffsetFetchRequestTopics,
) -> Result<(), ErrorCode> {
    if ctx.version >= TOPIC_IDS_SINCE {
        let known = image.topics.by_id(topic.topic_id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
        topic.name = known.name.to_string();
    } else {
        // Offsets of an earlier topic of this name are none of this one's.
        topic.topic_id = image.topics.by_name(&topic.name).map_or(Uuid::ZERO, |known| known.id);
    }
    if ctx.allows(node, Operation::Describe, Resource::Topic(&topic.name)) {
        Ok(())
    } else {
        Err(ErrorCode::TOPIC_AUTHORIZATION_FAILED)
    }
}

fn refuse(topic: OffsetFetchRequestTopics, error: ErrorCode) -> OffsetFetchResponseTopics {
    let partitions = topic.partition_indexes.iter().map(|index| OffsetFetchResponsePartitions {
        partition_index: *index,
        committed_offset: -1,
        committed_leader_epoch: -1,
        metadata: Some(String::new()),
        error_code: error,
    });
    OffsetFetchResponseTopics {
        partitions: partitions.collect(),
        name: topic.name,
        topic_id: topic.topic_id,
    }
}

fn single(request: OffsetFetchRequest) -> OffsetFetchRequestGroup {
    let topics = request.topics.map(|topics| {
        let named = topics.into_iter().map(|topic| OffsetFetchRequestTopics {
            name: topic.name,
            partition_indexes: topic.partition_indexes,
            ..OffsetFetchRequestTopics::default()
        });
        named.collect()
    });
    OffsetFetchRequestGroup { group_id: request.group_id, topics, ..Default::default() }
}

/// The answer for one group in the shape of older versions; the oldest has no place for the
/// group's error but its partitions.
fn flatten(
    mut answer: OffsetFetchResponseGroup,
    named: Option<Vec<OffsetFetchRequestTopics>>,
    version: i16,
) -> OffsetFetchResponse {
    let error = answer.error_code;
    if error != ErrorCode::NONE && version < GROUP_ERROR_SINCE {
        let named = named.unwrap_or_default();
        answer.topics = named.into_iter().map(|topic| refuse(topic, error)).collect();
    }
    let topics = answer.topics.into_iter().map(|topic| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic
            .partitions
            .into_iter()
            .map(|partition| OffsetFetchResponsePartition {
                partition_index: partition.partition_index,
                committed_offset: partition.committed_offset,
                committed_leader_epoch: partition.committed_leader_epoch,
                metadata: partition.metadata,
                error_code: partition.error_code,
            })
            .collect(),
    });
    OffsetFetchResponse {
        topics: topics.collect(),
        error_code: error,
        ..OffsetFetchResponse::default()
    }
}
