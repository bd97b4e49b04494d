//! DescribeTopicPartitions: topics page by page, with eligible leader replicas (KIP-966).

use std::collections::BTreeSet;
use std::sync::Arc;

use barnabas_metadata::Image;
use barnabas_metadata::image::{PartitionImage, TopicImage};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::describe_topic_partitions::{
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
    DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic, ResponseCursor,
};

use super::RequestContext;
use super::metadata::{is_internal, partition_error};
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: DescribeTopicPartitionsRequest,
) -> DescribeTopicPartitionsResponse {
    let image = node.image.load();
    let most = usize::try_from(node.bounds.described_partitions_max).unwrap_or(1);
    let limit = usize::try_from(request.response_partition_limit).unwrap_or(0);
    let mut page = Page {
        node,
        ctx,
        image: &image,
        left: limit.clamp(1, most),
        response: DescribeTopicPartitionsResponse::default(),
    };
    let (first, mut from) = match &request.cursor {
        Some(cursor) => (cursor.topic_name.as_str(), cursor.partition_index.max(0)),
        None => ("", 0),
    };
    let all = request.topics.is_empty();
    let names: BTreeSet<&str> = if all {
        image.topics.iter().map(|topic| &*topic.name).collect()
    } else {
        request.topics.iter().map(|topic| topic.name.as_str()).collect()
    };
    for name in names.range(first..) {
        let start = if *name == first { std::mem::take(&mut from) } else { 0 };
        if !page.add(name, start, all) {
            break;
        }
    }
    page.response
}

struct Page<'a> {
    node: &'a Node,
    ctx: &'a RequestContext,
    image: &'a Image,
    left: usize,
    response: DescribeTopicPartitionsResponse,
}

impl Page<'_> {
    /// Adds a topic from a partition on. Returns whether there is room for more.
    fn add(&mut self, name: &str, from: i32, skip_forbidden: bool) -> bool {
        let resource = Resource::Topic(name);
        let allowed = self.ctx.allows(self.node, Operation::Describe, resource);
        let topic = match self.image.topics.by_name(name) {
            _ if !allowed && skip_forbidden => return true,
            _ if !allowed => Err(ErrorCode::TOPIC_AUTHORIZATION_FAILED),
            None => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            Some(topic) => Ok(topic),
        };
        if self.left == 0 {
            self.next_cursor(name, from);
            return false;
        }
        let response = match topic {
            Ok(topic) => self.topic(topic, from),
            Err(error_code) => DescribeTopicPartitionsResponseTopic {
                error_code,
                name: Some(name.to_owned()),
                is_internal: is_internal(name),
                ..DescribeTopicPartitionsResponseTopic::default()
            },
        };
        self.response.topics.push(response);
        self.response.next_cursor.is_none()
    }

    fn topic(&mut self, topic: &TopicImage, from: i32) -> DescribeTopicPartitionsResponseTopic {
        let mut partitions = Vec::new();
        for (index, partition) in topic.partitions.range(from..) {
            if self.left == 0 {
                self.next_cursor(&topic.name, *index);
                break;
            }
            self.left -= 1;
            partitions.push(self.partition(*index, partition));
        }
        let resource = Resource::Topic(&topic.name);
        DescribeTopicPartitionsResponseTopic {
            error_code: ErrorCode::NONE,
            name: Some(topic.name.to_string()),
            topic_id: topic.id,
            is_internal: is_internal(&topic.name),
            partitions,
            topic_authorized_operations: self.ctx.authorized_operations(self.node, resource),
        }
    }

    fn partition(
        &self,
        index: i32,
        image: &PartitionImage,
    ) -> DescribeTopicPartitionsResponsePartition {
        let online = |id: &i32| image.is_online(*id, &self.image.cluster);
        let (error_code, leader_id) = partition_error(self.ctx, self.image, image);
        DescribeTopicPartitionsResponsePartition {
            error_code,
            partition_index: index,
            leader_id,
            leader_epoch: image.leader_epoch,
            replica_nodes: image.replicas.clone(),
            isr_nodes: image.isr.clone(),
            eligible_leader_replicas: Some(image.elr.clone()),
            last_known_elr: Some(image.last_known_elr.clone()),
            offline_replicas: image.replicas.iter().copied().filter(|id| !online(id)).collect(),
        }
    }

    fn next_cursor(&mut self, topic: &str, partition_index: i32) {
        self.response.next_cursor =
            Some(ResponseCursor { topic_name: topic.to_owned(), partition_index });
    }
}
