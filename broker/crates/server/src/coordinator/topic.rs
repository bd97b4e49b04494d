//! The topic that keeps groups and offsets, made when it is first needed.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use barnabas_wire::ErrorCode;
use barnabas_wire::api::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};

use super::{GroupCoordinator, GroupSettings};

/// Keeps the groups and their offsets.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// How long the controller may take, milliseconds.
const CREATE_TIMEOUT_MS: i32 = 30_000;

/// The way to the controller.
pub trait TopicCreator: Debug + Send + Sync {
    /// Creates topics; returns when they are in this broker's image, or with the reason why not.
    fn create(
        &self,
        request: CreateTopicsRequest,
    ) -> Pin<Box<dyn Future<Output = CreateTopicsResponse> + Send + '_>>;
}

/// Makes the topic once, however many clients ask for it.
#[derive(Debug, Default)]
pub(super) struct OffsetsTopic {
    creator: OnceLock<Box<dyn TopicCreator>>,
    creating: AtomicBool,
}

impl GroupCoordinator {
    /// Sets the way to the controller, once.
    pub fn set_topic_creator(&self, creator: Box<dyn TopicCreator>) {
        // A second one would lead to the same controller.
        let _ = self.topic.creator.set(creator);
    }

    /// Has the topic made. Whoever needs it looks again, or tells its client to.
    pub async fn create_topic(&self) {
        let Some(creator) = self.topic.creator.get() else { return };
        if self.topic.creating.swap(true, Ordering::AcqRel) {
            return;
        }
        let request = CreateTopicsRequest {
            topics: vec![definition(&self.settings)],
            timeout_ms: CREATE_TIMEOUT_MS,
            validate_only: false,
        };
        let response = creator.create(request).await;
        self.topic.creating.store(false, Ordering::Release);
        for topic in response.topics {
            let code = topic.error_code;
            if code != ErrorCode::NONE && code != ErrorCode::TOPIC_ALREADY_EXISTS {
                let reason = topic.error_message.unwrap_or_default();
                tracing::warn!(?code, reason, "cannot create {OFFSETS_TOPIC}");
            }
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
