//! The topic configurations that a log obeys.

/// Default of `index.interval.bytes`.
pub(crate) const INDEX_INTERVAL_BYTES: u64 = 4096;

/// Effective configuration of a log; each field is the topic config of that name. Defaults are
/// Apache Kafka's. Validation is the business of whoever accepts configurations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`: at most 2^31 - 1.
    pub segment_bytes: u64,
    /// `segment.ms` less the jitter that the caller chose.
    pub segment_ms: i64,
    /// `segment.index.bytes`.
    pub segment_index_bytes: u32,
    /// `index.interval.bytes`.
    pub index_interval_bytes: u64,
    /// `retention.ms`; -1 no limit.
    pub retention_ms: i64,
    /// `retention.bytes`; -1 no limit.
    pub retention_bytes: i64,
    /// `file.delete.delay.ms`.
    pub file_delete_delay_ms: i64,
    /// `cleanup.policy` contains `delete`.
    pub delete: bool,
    /// `cleanup.policy` contains `compact`. The log itself treats such a topic as one that is
    /// never shortened by time or size; the cleaner is not part of this crate yet.
    pub compact: bool,
    /// `producer.id.expiration.ms` of the broker.
    pub producer_id_expiration_ms: i64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3600 * 1000,
            segment_index_bytes: 10 << 20,
            index_interval_bytes: INDEX_INTERVAL_BYTES,
            retention_ms: 7 * 24 * 3600 * 1000,
            retention_bytes: -1,
            file_delete_delay_ms: 60_000,
            delete: true,
            compact: false,
            producer_id_expiration_ms: 24 * 3600 * 1000,
        }
    }
}
