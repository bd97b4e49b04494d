//! Topics that come to be because somebody asked for them (`AutoTopicCreationManager`).

use std::collections::BTreeSet;

use barnabas_controller::{Request, Response, validate_topic_name};
use barnabas_metadata::Image;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use barnabas_wire::api::metadata::MetadataRequestTopic;

use super::is_internal;
use crate::access::{Operation, Resource};
use crate::api::RequestContext;
use crate::coordinator::OFFSETS_TOPIC;
use crate::node::Node;

/// Topics made for one request; the client asks for the others again.
const MAX_CREATED: usize = 100;
/// How long the controller may take, ms (`request.timeout.ms`).
const TIMEOUT_MS: i32 = 30_000;
/// Lets the controller take `num.partitions` and `default.replication.factor`.
const DEFAULT: i32 = -1;

/// Makes the topics that are wanted and missing, as far as the configuration and the principal's
/// rights go. Afterwards they are in the image, unless the controller refused.
pub(super) async fn create_missing(
    node: &Node,
    ctx: &RequestContext,
    image: &Image,
    wanted: &[MetadataRequestTopic],
) {
    if !is_enabled(node) {
        return;
    }
    let missing: BTreeSet<&str> = wanted
        .iter()
        .filter_map(|topic| topic.name.as_deref())
        .filter(|name| image.topics.by_name(name).is_none())
        .filter(|name| may_create(node, ctx, name))
        .take(MAX_CREATED)
        .collect();
    if missing.contains(OFFSETS_TOPIC) {
        node.groups.create_topic(node).await;
    }
    let own = |name: &&str| !is_internal(name) && validate_topic_name(name).is_ok();
    let topics: Vec<_> = missing.into_iter().filter(own).map(creatable).collect();
    if topics.is_empty() {
        return;
    }
    let request = CreateTopicsRequest { topics, timeout_ms: TIMEOUT_MS, validate_only: false };
    match node.ask_controller(Request::CreateTopics(request)).await {
        Ok(Response::CreateTopics(response)) => {
            for topic in response.topics {
                let code = topic.error_code;
                if code != ErrorCode::NONE && code != ErrorCode::TOPIC_ALREADY_EXISTS {
                    let reason = topic.error_message.unwrap_or_default();
                    tracing::warn!(topic = topic.name, ?code, reason, "topic not auto-created");
                }
            }
        }
        Ok(_) | Err(_) => tracing::warn!("topics not auto-created: no controller answered"),
    }
}

fn is_enabled(node: &Node) -> bool {
    node.bounds.auto_create_topics
}

fn may_create(node: &Node, ctx: &RequestContext, topic: &str) -> bool {
    ctx.allows(node, Operation::Describe, Resource::Topic(topic))
        && (ctx.allows(node, Operation::Create, Resource::Cluster)
            || ctx.allows(node, Operation::Create, Resource::Topic(topic)))
}

fn creatable(name: &str) -> CreatableTopic {
    CreatableTopic {
        name: name.to_owned(),
        num_partitions: DEFAULT,
        replication_factor: DEFAULT as i16,
        ..CreatableTopic::default()
    }
}
