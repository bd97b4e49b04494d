//! The topic that keeps groups and offsets, made when it is first needed.

use std::sync::atomic::{AtomicBool, Ordering};

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};

use super::{GroupCoordinator, GroupSettings};
use crate::node::Node;

/// Keeps the groups and their offsets.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// How long the controller may take, milliseconds.
const CREATE_TIMEOUT_MS: i32 = 30_000;

/// Makes the topic once, however many clients ask for it.
#[derive(Debug, Default)]
pub(super) struct OffsetsTopic {
    creating: AtomicBool,
}

impl GroupCoordinator {
    /// Has the topic made. Afterwards it is in the node's image, or the client has to be told to
    /// try again.
    pub async fn create_topic(&self, node: &Node) {
        if self.topic.creating.swap(true, Ordering::AcqRel) {
            return;
        }
        let request = CreateTopicsRequest {
            topics: vec![definition(&self.settings)],
            timeout_ms: CREATE_TIMEOUT_MS,
            validate_only: false,
        };
        let answer = node.ask_controller(Request::CreateTopics(request)).await;
        self.topic.creating.store(false, Ordering::Release);
        match answer {
            Ok(Response::CreateTopics(response)) => log_refusals(response),
            Ok(_) => tracing::error!("the controller answered another request"),
            Err(error) => tracing::warn!(%error, "cannot create {OFFSETS_TOPIC}"),
        }
    }
}

fn log_refusals(response: CreateTopicsResponse) {
    for topic in response.topics {
        let code = topic.error_code;
        if code != ErrorCode::NONE && code != ErrorCode::TOPIC_ALREADY_EXISTS {
            let reason = topic.error_message.unwrap_or_default();
            tracing::warn!(?code, reason, "cannot create {OFFSETS_TOPIC}");
        }
    }
}

fn definition(settings: &GroupSettings) -> CreatableTopic {
    let config = |name: &str, value: String| CreatableTopicConfig {
        name: name.to_owned(),
        value: Some(value),
    };
    CreatableTopic {
        name: OFFSETS_TOPIC.to_owned(),
        num_partitions: settings.topic_partitions,
        replication_factor: settings.topic_replication_factor,
        assignments: Vec::new(),
        configs: vec![
            config("cleanup.policy", "compact".to_owned()),
            config("compression.type", "producer".to_owned()),
            config("segment.bytes", settings.topic_segment_bytes.to_string()),
        ],
    }
}
