//! From a topic's name and a partition's number to the replica that this broker holds.

use std::sync::Arc;

use barnabas_metadata::Image;
use barnabas_wire::ErrorCode;

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;
use crate::partition::Replica;

/// The replica, if the connection may do `operation` to the topic.
pub(super) fn replica(
    node: &Node,
    ctx: &RequestContext,
    image: &Image,
    operation: Operation,
    (topic, partition): (&str, i32),
) -> Result<Arc<Replica>, ErrorCode> {
    if !ctx.allows(node, operation, Resource::Topic(topic)) {
        return Err(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    }
    let known = image.topics.by_name(topic).is_some_and(|t| t.partition(partition).is_some());
    if !known {
        return Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    }
    let replica = node.partitions.named(image, topic, partition);
    replica.ok_or(ErrorCode::NOT_LEADER_OR_FOLLOWER)
}
