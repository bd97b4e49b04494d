//! Configs that change while the broker runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use barnabas_metadata::config::{Layers, TopicConfig, Value};
use barnabas_metadata::image::{ConfigResource, ConfigsImage, Image, ResourceConfigs};

/// The node's configs in force: the file's, and over them the dynamic ones of one image.
///
/// Immutable: the node swaps in a new one when an image changes a broker's configs.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    file: Arc<BTreeMap<String, String>>,
    broker: Arc<ResourceConfigs>,
    default_broker: Arc<ResourceConfigs>,
}

impl LiveConfig {
    /// The file's configs, before any image.
    #[must_use]
    pub fn new(file: Arc<BTreeMap<String, String>>) -> Self {
        Self { file, broker: Arc::default(), default_broker: Arc::default() }
    }

    /// These configs with the dynamic ones of an image.
    #[must_use]
    pub fn with_image(&self, node_id: i32, image: &Image) -> Self {
        let of = |configs: &ConfigsImage, resource| configs.get(&resource).cloned();
        Self {
            file: Arc::clone(&self.file),
            broker: of(&image.configs, ConfigResource::broker(node_id)).unwrap_or_default(),
            default_broker: of(&image.configs, ConfigResource::default_broker())
                .unwrap_or_default(),
        }
    }

    /// The layers that DescribeConfigs shows.
    #[must_use]
    pub fn layers(&self) -> Layers<'_> {
        Layers { broker: &self.broker, default_broker: &self.default_broker, file: &self.file }
    }

    /// The effective configs of a topic.
    #[must_use]
    pub fn topic(&self, overrides: Option<&ResourceConfigs>) -> TopicConfig {
        let none = ResourceConfigs::new();
        TopicConfig::resolve(overrides.unwrap_or(&none), self.layers())
    }

    /// The effective configs of a topic of an image.
    #[must_use]
    pub fn topic_of(&self, image: &Image, topic: &str) -> TopicConfig {
        self.topic(image.configs.get(&ConfigResource::topic(topic)).map(AsRef::as_ref))
    }

    /// The effective value of a list; empty when it is null or unknown.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        match self.layers().value(name) {
            Some(Value::List(list)) => list,
            _ => Vec::new(),
        }
    }

    /// The effective value of an integer broker config; `default` when it is null or unknown.
    #[must_use]
    pub fn integer(&self, name: &str, default: i64) -> i64 {
        match self.layers().value(name) {
            Some(Value::Integer(number)) => number,
            _ => default,
        }
    }
}
