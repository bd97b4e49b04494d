//! Metadata: brokers, topics, partitions and their leaders, as the connection's listener sees them.

mod creation;

use std::collections::HashSet;
use std::sync::Arc;

use barnabas_controller::validate_topic_name;
use barnabas_metadata::Image;
use barnabas_metadata::image::{BrokerImage, PartitionImage, TopicImage};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseBroker,
    MetadataResponsePartition, MetadataResponseTopic,
};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Topics of the broker's own (`Topic.isInternal`).
const INTERNAL_TOPICS: [&str; 3] =
    ["__consumer_offsets", "__share_group_state", "__transaction_state"];

/// From this version on, the name of a topic that is not known by its id is null.
const NULL_NAMES_SINCE: i16 = 12;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: MetadataRequest,
) -> MetadataResponse {
    // In version 0 an empty list means all topics.
    let wanted = request.topics.filter(|topics| ctx.version > 0 || !topics.is_empty());
    if let Some(wanted) = wanted.as_ref().filter(|_| request.allow_auto_topic_creation) {
        creation::create_missing(node, ctx, &node.image.load_full(), wanted).await;
    }
    let image = node.image.load_full();
    let with_operations = request.include_topic_authorized_operations;
    let view = View { node, ctx, image: &image, with_operations };
    let topics = match wanted {
        None => view.all_topics(),
        Some(wanted) => view.topics(wanted),
    };
    let mut response = MetadataResponse {
        brokers: view.brokers(),
        cluster_id: Some(node.identity.cluster_id.to_string()),
        controller_id: any_controller(node, &image),
        topics,
        ..MetadataResponse::default()
    };
    if request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = ctx.authorized_operations(node, Resource::Cluster);
    }
    response
}

/// Whether a topic belongs to the broker itself.
#[must_use]
pub fn is_internal(topic: &str) -> bool {
    INTERNAL_TOPICS.contains(&topic)
}

/// The host and port of a broker on a listener.
pub(super) fn endpoint<'a>(broker: &'a BrokerImage, listener: &str) -> Option<(&'a str, i32)> {
    let endpoint = broker.endpoints.iter().find(|endpoint| endpoint.name == listener)?;
    Some((&endpoint.host, i32::from(endpoint.port)))
}

/// Any broker forwards to the controller, so that this one will do (KIP-590); -1 while it is not
/// part of the cluster.
pub(super) fn any_controller(node: &Node, image: &Image) -> i32 {
    let mine = image.cluster.broker(node.identity.node_id);
    mine.filter(|broker| !broker.fenced).map_or(-1, |broker| broker.id)
}

/// A partition's leader, and what keeps a client of this listener from using it.
pub(super) fn partition_error(
    ctx: &RequestContext,
    image: &Image,
    partition: &PartitionImage,
) -> (ErrorCode, i32) {
    if !partition.has_leader() {
        return (ErrorCode::LEADER_NOT_AVAILABLE, -1);
    }
    let leader = image.cluster.broker(partition.leader);
    let reachable =
        leader.is_some_and(|leader| endpoint(leader, &ctx.connection.listener).is_some());
    if reachable {
        (ErrorCode::NONE, partition.leader)
    } else {
        (ErrorCode::LISTENER_NOT_FOUND, -1)
    }
}

struct View<'a> {
    node: &'a Node,
    ctx: &'a RequestContext,
    image: &'a Image,
    with_operations: bool,
}

impl View<'_> {
    fn brokers(&self) -> Vec<MetadataResponseBroker> {
        let alive = self.image.cluster.brokers().filter(|broker| !broker.fenced);
        alive
            .filter_map(|broker| {
                let (host, port) = endpoint(broker, &self.ctx.connection.listener)?;
                Some(MetadataResponseBroker {
                    node_id: broker.id,
                    host: host.to_owned(),
                    port,
                    rack: broker.rack.clone(),
                })
            })
            .collect()
    }

    fn all_topics(&self) -> Vec<MetadataResponseTopic> {
        let topics = self.image.topics.iter();
        topics.filter(|topic| self.may_describe(&topic.name)).map(|t| self.topic(t)).collect()
    }

    fn topics(&self, wanted: Vec<MetadataRequestTopic>) -> Vec<MetadataResponseTopic> {
        let mut seen = HashSet::new();
        wanted
            .into_iter()
            .filter(|topic| seen.insert((topic.topic_id, topic.name.clone())))
            .map(|topic| self.wanted(topic))
            .collect()
    }

    fn wanted(&self, wanted: MetadataRequestTopic) -> MetadataResponseTopic {
        let by_id = !wanted.topic_id.is_zero();
        let name = wanted.name.as_deref();
        let found = if by_id {
            self.image.topics.by_id(wanted.topic_id)
        } else {
            name.and_then(|name| self.image.topics.by_name(name))
        };
        let error_code = match (found, name) {
            (Some(topic), _) if self.may_describe(&topic.name) => return self.topic(topic),
            // Who may not see a topic must not learn whether an id stands for one.
            (_, _) if by_id => ErrorCode::UNKNOWN_TOPIC_ID,
            (_, Some(name)) if !self.may_describe(name) => ErrorCode::TOPIC_AUTHORIZATION_FAILED,
            (_, Some(name)) if validate_topic_name(name).is_ok() => {
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            }
            _ => ErrorCode::INVALID_TOPIC_EXCEPTION,
        };
        MetadataResponseTopic {
            error_code,
            is_internal: name.is_some_and(is_internal),
            name: wanted.name.or_else(|| (self.ctx.version < NULL_NAMES_SINCE).then(String::new)),
            topic_id: wanted.topic_id,
            ..MetadataResponseTopic::default()
        }
    }

    fn topic(&self, topic: &TopicImage) -> MetadataResponseTopic {
        let partitions = topic.partitions.iter();
        let mut response = MetadataResponseTopic {
            error_code: ErrorCode::NONE,
            name: Some(topic.name.to_string()),
            topic_id: topic.id,
            is_internal: is_internal(&topic.name),
            partitions: partitions.map(|(index, image)| self.partition(*index, image)).collect(),
            ..MetadataResponseTopic::default()
        };
        if self.with_operations {
            let resource = Resource::Topic(&topic.name);
            response.topic_authorized_operations =
                self.ctx.authorized_operations(self.node, resource);
        }
        response
    }

    fn partition(&self, index: i32, image: &PartitionImage) -> MetadataResponsePartition {
        let (error_code, leader_id) = partition_error(self.ctx, self.image, image);
        let online = |id: &i32| image.is_online(*id, &self.image.cluster);
        MetadataResponsePartition {
            error_code,
            partition_index: index,
            leader_id,
            leader_epoch: image.leader_epoch,
            replica_nodes: image.replicas.clone(),
            isr_nodes: image.isr.clone(),
            offline_replicas: image.replicas.iter().copied().filter(|id| !online(id)).collect(),
        }
    }

    fn may_describe(&self, topic: &str) -> bool {
        self.ctx.allows(self.node, Operation::Describe, Resource::Topic(topic))
    }
}
