//! A topic's effective configs, typed, for the data path.

use crate::image::ResourceConfigs;

use super::registry::{Scope, definition};
use super::{ConfigError, Layers, Value};

/// The effective configs of one topic: its overrides over the broker's (Kafka: `LogConfig`).
#[derive(Clone, Debug, PartialEq)]
pub struct TopicConfig {
    /// `cleanup.policy`.
    pub cleanup_policy: CleanupPolicy,
    /// `compression.type`; none keeps the producer's codec.
    pub compression: Option<Compression>,
    /// `file.delete.delay.ms`.
    pub file_delete_delay_ms: i64,
    /// `flush.messages`; `i64::MAX` = never by count.
    pub flush_messages: i64,
    /// `flush.ms`; `i64::MAX` = never by time.
    pub flush_ms: i64,
    /// `index.interval.bytes`.
    pub index_interval_bytes: i32,
    /// `max.message.bytes`: largest batch, after compression.
    pub max_message_bytes: i32,
    /// `message.timestamp.after.max.ms`.
    pub timestamp_after_max_ms: i64,
    /// `message.timestamp.before.max.ms`.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `min.insync.replicas`.
    pub min_insync_replicas: i32,
    /// `retention.bytes`; -1 = no limit.
    pub retention_bytes: i64,
    /// `retention.ms`; -1 = no limit.
    pub retention_ms: i64,
    /// `segment.bytes`, or `internal.segment.bytes` when a test sets it.
    pub segment_bytes: i32,
    /// `segment.index.bytes`.
    pub segment_index_bytes: i32,
    /// `segment.jitter.ms`.
    pub segment_jitter_ms: i64,
    /// `segment.ms`.
    pub segment_ms: i64,
    /// `unclean.leader.election.enable`.
    pub unclean_leader_election: bool,
    /// `leader.replication.throttled.replicas`.
    pub leader_throttled: ThrottledReplicas,
    /// `follower.replication.throttled.replicas`.
    pub follower_throttled: ThrottledReplicas,
}

/// The replicas of a topic that a replication throttle counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ThrottledReplicas {
    /// None.
    #[default]
    None,
    /// `*`.
    All,
    /// Partitions with brokers.
    Some(Vec<(i32, i32)>),
}

impl ThrottledReplicas {
    /// Whether the replica of this partition on this broker is among them.
    #[must_use]
    pub fn contains(&self, partition: i32, broker: i32) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(replicas) => replicas.contains(&(partition, broker)),
        }
    }
}

/// `cleanup.policy`; neither keeps everything (KIP-1161).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Old segments are deleted by time and size.
    pub delete: bool,
    /// The last record of each key is kept.
    pub compact: bool,
}

/// The codec that a log is stored in, with its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// `uncompressed`.
    None,
    /// `gzip`; level 1 to 9, -1 = the codec's default.
    Gzip(i32),
    /// `snappy`.
    Snappy,
    /// `lz4`; level 1 to 17.
    Lz4(i32),
    /// `zstd`; level -131072 to 22.
    Zstd(i32),
}

/// Whose clock stamps records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's.
    LogAppendTime,
}

impl TopicConfig {
    /// Resolves a topic's configs. An override that does not parse counts as not set: each was
    /// checked when it was written.
    #[must_use]
    pub fn resolve(overrides: &ResourceConfigs, layers: Layers<'_>) -> Self {
        let source = Source { overrides, layers };
        Self {
            cleanup_policy: source.cleanup_policy(),
            compression: source.compression(),
            file_delete_delay_ms: source.long("file.delete.delay.ms"),
            flush_messages: source.long("flush.messages"),
            flush_ms: source.long("flush.ms"),
            index_interval_bytes: source.int("index.interval.bytes"),
            max_message_bytes: source.int("max.message.bytes"),
            timestamp_after_max_ms: source.long("message.timestamp.after.max.ms"),
            timestamp_before_max_ms: source.long("message.timestamp.before.max.ms"),
            timestamp_type: source.timestamp_type(),
            min_insync_replicas: source.int("min.insync.replicas"),
            retention_bytes: source.long("retention.bytes"),
            retention_ms: source.long("retention.ms"),
            segment_bytes: source.segment_bytes(),
            segment_index_bytes: source.int("segment.index.bytes"),
            segment_jitter_ms: source.long("segment.jitter.ms"),
            segment_ms: source.long("segment.ms"),
            unclean_leader_election: source.boolean("unclean.leader.election.enable"),
            leader_throttled: source.throttled("leader.replication.throttled.replicas"),
            follower_throttled: source.throttled("follower.replication.throttled.replicas"),
        }
    }
}

/// Checks that a topic's overrides do not contradict each other.
///
/// # Errors
/// [`ConfigError::Conflict`].
pub fn check_topic(overrides: &ResourceConfigs, layers: Layers<'_>) -> Result<(), ConfigError> {
    let source = Source { overrides, layers };
    let (min, max) = (source.long("min.compaction.lag.ms"), source.long("max.compaction.lag.ms"));
    if min > max {
        return Err(ConfigError::Conflict(format!(
            "conflict topic config setting min.compaction.lag.ms ({min}) > \
             max.compaction.lag.ms ({max})"
        )));
    }
    Ok(())
}

struct Source<'a> {
    overrides: &'a ResourceConfigs,
    layers: Layers<'a>,
}

impl Source<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        self.own(name).or_else(|| self.layers.topic_default(name))
    }

    fn own(&self, name: &str) -> Option<Value> {
        let definition = definition(Scope::Topic, name)?;
        definition.config_type.parse(self.overrides.get(name)?)
    }

    fn long(&self, name: &str) -> i64 {
        match self.value(name) {
            Some(Value::Integer(number)) => number,
            _ => 0,
        }
    }

    fn int(&self, name: &str) -> i32 {
        i32::try_from(self.long(name)).unwrap_or(i32::MAX)
    }

    fn boolean(&self, name: &str) -> bool {
        self.value(name) == Some(Value::Boolean(true))
    }

    fn text(&self, name: &str) -> String {
        self.value(name).map(|value| value.to_string()).unwrap_or_default()
    }

    fn segment_bytes(&self) -> i32 {
        match self.own("internal.segment.bytes") {
            Some(Value::Integer(number)) => i32::try_from(number).unwrap_or(i32::MAX),
            _ => self.int("segment.bytes"),
        }
    }

    fn cleanup_policy(&self) -> CleanupPolicy {
        let Some(Value::List(policies)) = self.value("cleanup.policy") else {
            return CleanupPolicy { delete: false, compact: false };
        };
        let has = |policy: &str| policies.iter().any(|item| item == policy);
        CleanupPolicy { delete: has("delete"), compact: has("compact") }
    }

    fn throttled(&self, name: &str) -> ThrottledReplicas {
        let Some(Value::List(items)) = self.value(name) else { return ThrottledReplicas::None };
        if items.iter().any(|item| item == "*") {
            return ThrottledReplicas::All;
        }
        let parse = |item: &String| {
            let (partition, broker) = item.split_once(':')?;
            Some((partition.parse().ok()?, broker.parse().ok()?))
        };
        let replicas: Vec<_> = items.iter().filter_map(parse).collect();
        if replicas.is_empty() {
            ThrottledReplicas::None
        } else {
            ThrottledReplicas::Some(replicas)
        }
    }

    fn compression(&self) -> Option<Compression> {
        match self.text("compression.type").as_str() {
            "uncompressed" => Some(Compression::None),
            "gzip" => Some(Compression::Gzip(self.int("compression.gzip.level"))),
            "snappy" => Some(Compression::Snappy),
            "lz4" => Some(Compression::Lz4(self.int("compression.lz4.level"))),
            "zstd" => Some(Compression::Zstd(self.int("compression.zstd.level"))),
            _ => None,
        }
    }

    fn timestamp_type(&self) -> TimestampType {
        match self.text("message.timestamp.type").as_str() {
            "LogAppendTime" => TimestampType::LogAppendTime,
            _ => TimestampType::CreateTime,
        }
    }
}
