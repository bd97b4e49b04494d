//! What an operator can set about groups and their topic.

use std::collections::BTreeMap;

use barnabas_groups::Config;
use barnabas_metadata::config::{Layers, Value};
use barnabas_metadata::image::ResourceConfigs;
use barnabas_records::Codec;

/// Group configs of the broker, and those of the topic that keeps the groups. None is dynamic.
#[derive(Clone, Debug)]
pub struct GroupSettings {
    /// What the core obeys.
    pub core: Config,
    /// `offsets.commit.timeout.ms`.
    pub commit_timeout_ms: i64,
    /// `offsets.load.buffer.size`.
    pub load_buffer_bytes: usize,
    /// `offsets.topic.compression.codec`.
    pub codec: Codec,
    /// `offsets.topic.num.partitions`.
    pub topic_partitions: i32,
    /// `offsets.topic.replication.factor`.
    pub topic_replication_factor: i16,
    /// `offsets.topic.segment.bytes`.
    pub topic_segment_bytes: i32,
}

impl GroupSettings {
    /// The settings that a properties file makes. Its values were checked when it was read.
    #[must_use]
    pub fn new(properties: &BTreeMap<String, String>) -> Self {
        let none = ResourceConfigs::new();
        let file = File(Layers { broker: &none, default_broker: &none, file: properties });
        let codec = i16::try_from(file.number("offsets.topic.compression.codec"));
        Self {
            core: Config {
                initial_rebalance_delay_ms: file.int("group.initial.rebalance.delay.ms"),
                min_session_timeout_ms: file.int("group.min.session.timeout.ms"),
                max_session_timeout_ms: file.int("group.max.session.timeout.ms"),
                max_size: file.size("group.max.size"),
                offset_metadata_max_bytes: file.size("offset.metadata.max.bytes"),
                offsets_retention_check_interval_ms: file
                    .number("offsets.retention.check.interval.ms"),
                offsets_retention_ms: file.number("offsets.retention.minutes") * 60_000,
                ..Config::default()
            },
            commit_timeout_ms: file.number("offsets.commit.timeout.ms"),
            load_buffer_bytes: file.size("offsets.load.buffer.size"),
            codec: codec.ok().and_then(|id| Codec::from_attributes(id).ok()).unwrap_or(Codec::None),
            topic_partitions: file.int("offsets.topic.num.partitions"),
            topic_replication_factor: i16::try_from(
                file.number("offsets.topic.replication.factor"),
            )
            .unwrap_or(i16::MAX),
            topic_segment_bytes: file.int("offsets.topic.segment.bytes"),
        }
    }
}

struct File<'a>(Layers<'a>);

impl File<'_> {
    fn number(&self, name: &str) -> i64 {
        match self.0.value(name) {
            Some(Value::Integer(number)) => number,
            _ => 0,
        }
    }

    fn int(&self, name: &str) -> i32 {
        i32::try_from(self.number(name)).unwrap_or(i32::MAX)
    }

    fn size(&self, name: &str) -> usize {
        usize::try_from(self.number(name)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_kafkas() {
        let settings = GroupSettings::new(&BTreeMap::new());
        let (core, default) = (settings.core, Config::default());
        assert_eq!(core.initial_rebalance_delay_ms, default.initial_rebalance_delay_ms);
        assert_eq!(core.min_session_timeout_ms, default.min_session_timeout_ms);
        assert_eq!(core.max_session_timeout_ms, default.max_session_timeout_ms);
        assert_eq!(core.max_size, i32::MAX as usize);
        assert_eq!(core.offset_metadata_max_bytes, default.offset_metadata_max_bytes);
        assert_eq!(core.offsets_retention_ms, default.offsets_retention_ms);
        assert_eq!(settings.commit_timeout_ms, 5_000);
        assert_eq!(settings.load_buffer_bytes, 5 << 20);
        assert_eq!(settings.codec, Codec::None);
        let topic = (settings.topic_partitions, settings.topic_replication_factor);
        assert_eq!(topic, (50, 3));
        assert_eq!(settings.topic_segment_bytes, 100 << 20);
    }

    #[test]
    fn the_file_decides() {
        let file = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let settings = GroupSettings::new(&BTreeMap::from([
            file("offsets.topic.replication.factor", "1"),
            file("offsets.topic.compression.codec", "2"),
            file("group.initial.rebalance.delay.ms", "0"),
            file("offsets.retention.minutes", "2"),
        ]));
        assert_eq!(settings.topic_replication_factor, 1);
        assert_eq!(settings.codec, Codec::Snappy);
        assert_eq!(settings.core.initial_rebalance_delay_ms, 0);
        assert_eq!(settings.core.offsets_retention_ms, 120_000);
    }
}
