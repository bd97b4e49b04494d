//! Bounds of single requests.

use std::collections::BTreeMap;

use barnabas_metadata::config::{Layers, Value};
use barnabas_metadata::image::ResourceConfigs;

/// What one request may ask for and cause. None is dynamic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestBounds {
    /// `fetch.max.bytes`: the most that one Fetch answer holds.
    pub fetch_max_bytes: usize,
    /// `max.request.partition.size.limit`: the most partitions in one DescribeTopicPartitions
    /// answer.
    pub described_partitions_max: i32,
    /// `auto.create.topics.enable`.
    pub auto_create_topics: bool,
}

impl RequestBounds {
    /// The bounds that a properties file sets. Its values were checked when it was read.
    #[must_use]
    pub fn new(properties: &BTreeMap<String, String>) -> Self {
        let none = ResourceConfigs::new();
        let layers = Layers { broker: &none, default_broker: &none, file: properties };
        let number = |name| match layers.value(name) {
            Some(Value::Integer(number)) => i32::try_from(number).unwrap_or(i32::MAX),
            _ => i32::MAX,
        };
        Self {
            fetch_max_bytes: usize::try_from(number("fetch.max.bytes")).unwrap_or(usize::MAX),
            described_partitions_max: number("max.request.partition.size.limit"),
            auto_create_topics: layers.value("auto.create.topics.enable")
                != Some(Value::Boolean(false)),
        }
    }
}
