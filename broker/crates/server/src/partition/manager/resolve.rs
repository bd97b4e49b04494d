//! Effective settings of topics under one image.

use std::collections::BTreeMap;

use barnabas_metadata::Image;
use barnabas_metadata::config::{Layers, TopicConfig, Value};
use barnabas_metadata::image::{ConfigResource, ResourceConfigs};

use crate::machine;
use crate::partition::Settings;

/// How long an idempotent producer is remembered when nothing says otherwise, ms.
const PRODUCER_ID_EXPIRATION_MS: i64 = 86_400_000;

pub(super) struct Resolver<'a> {
    image: &'a Image,
    broker: ResourceConfigs,
    default_broker: ResourceConfigs,
    file: &'a BTreeMap<String, String>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(image: &'a Image, node_id: i32, file: &'a BTreeMap<String, String>) -> Self {
        let of =
            |resource| image.configs.get(&resource).map_or_else(BTreeMap::new, |c| (**c).clone());
        Self {
            image,
            broker: of(ConfigResource::broker(node_id)),
            default_broker: of(ConfigResource::default_broker()),
            file,
        }
    }

    pub(super) fn has_overrides(&self, topic: &str) -> bool {
        self.image.configs.get(&ConfigResource::topic(topic)).is_some()
    }

    pub(super) fn resolve(&self, topic: &str) -> Settings {
        let none = ResourceConfigs::new();
        let overrides = self.image.configs.get(&ConfigResource::topic(topic));
        let layers =
            Layers { broker: &self.broker, default_broker: &self.default_broker, file: self.file };
        let config = TopicConfig::resolve(overrides.map_or(&none, |own| own), layers);
        let expiration = match layers.value("producer.id.expiration.ms") {
            Some(Value::Integer(ms)) => ms,
            _ => PRODUCER_ID_EXPIRATION_MS,
        };
        Settings::new(&config, expiration, machine::random())
    }
}
