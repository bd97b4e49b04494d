//! A topic's configuration as the data path needs it.

use barnabas_metadata::config::{
    Compression, ThrottledReplicas, TimestampType as Timestamps, TopicConfig,
};
use barnabas_records::{Codec, Levels, Rules, TimestampType};
use barnabas_storage::LogConfig;

/// Effective settings of a partition, derived from its topic's configs.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What produced batches must comply with; the Produce version decides about zstd.
    pub rules: Rules,
    /// What the log obeys.
    pub log: LogConfig,
    /// `min.insync.replicas`.
    pub min_insync_replicas: usize,
    /// `leader.replication.throttled.replicas`.
    pub leader_throttled: ThrottledReplicas,
    /// `follower.replication.throttled.replicas`.
    pub follower_throttled: ThrottledReplicas,
    /// `flush.messages`: records after which the log is synced; `i64::MAX` is never.
    pub flush_messages: i64,
    /// `flush.ms`: time after which the log is synced; `i64::MAX` is never.
    pub flush_ms: i64,
}

impl Settings {
    /// The settings of a topic.
    ///
    /// `jitter` in 0..1 spreads the rolls of a topic's partitions over `segment.jitter.ms`.
    #[must_use]
    pub fn new(config: &TopicConfig, producer_id_expiration_ms: i64, jitter: f64) -> Self {
        let jitter_ms = config.segment_jitter_ms.min(config.segment_ms).max(0);
        let log = LogConfig {
            segment_bytes: config.segment_bytes.unsigned_abs().into(),
            segment_ms: config.segment_ms - (jitter_ms as f64 * jitter) as i64,
            segment_index_bytes: config.segment_index_bytes.unsigned_abs(),
            index_interval_bytes: config.index_interval_bytes.unsigned_abs().into(),
            retention_ms: config.retention_ms,
            retention_bytes: config.retention_bytes,
            file_delete_delay_ms: config.file_delete_delay_ms,
            delete: config.cleanup_policy.delete,
            compact: config.cleanup_policy.compact,
            producer_id_expiration_ms,
        };
        Self {
            rules: rules(config),
            log,
            min_insync_replicas: config.min_insync_replicas.unsigned_abs() as usize,
            leader_throttled: config.leader_throttled.clone(),
            follower_throttled: config.follower_throttled.clone(),
            flush_messages: config.flush_messages,
            flush_ms: config.flush_ms,
        }
    }

    /// Whether each append is synced before it counts as one (`flush.messages` = 1).
    #[must_use]
    pub fn syncs_every_append(&self) -> bool {
        self.flush_messages == 1
    }
}

fn rules(config: &TopicConfig) -> Rules {
    let mut levels = Levels::default();
    let codec = config.compression.map(|compression| match compression {
        Compression::None => Codec::None,
        Compression::Gzip(level) => {
            levels.gzip = level;
            Codec::Gzip
        }
        Compression::Snappy => Codec::Snappy,
        Compression::Lz4(level) => {
            levels.lz4 = level;
            Codec::Lz4
        }
        Compression::Zstd(level) => {
            levels.zstd = level;
            Codec::Zstd
        }
    });
    Rules {
        timestamp_type: match config.timestamp_type {
            Timestamps::CreateTime => TimestampType::CreateTime,
            Timestamps::LogAppendTime => TimestampType::LogAppendTime,
        },
        before_max_ms: config.timestamp_before_max_ms,
        after_max_ms: config.timestamp_after_max_ms,
        max_message_bytes: config.max_message_bytes.unsigned_abs() as usize,
        compacted: config.cleanup_policy.compact,
        codec,
        levels,
        allow_zstd: true,
    }
}
