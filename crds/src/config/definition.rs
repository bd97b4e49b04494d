//! What a Kafka config's value looks like.

/// Greatest value of an INT config.
pub const I32_MAX: i64 = i32::MAX as i64;
/// Least value of an INT config.
pub const I32_MIN: i64 = i32::MIN as i64;

/// Values of `compression.type`.
pub const COMPRESSION_TYPES: &[&str] =
    &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];
/// Values of `cleanup.policy`; the empty one keeps records for ever (KIP-1161).
pub const CLEANUP_POLICIES: &[&str] =
    &["delete", "compact", "compact,delete", "delete,compact", ""];
/// Values of `message.timestamp.type`.
pub const TIMESTAMP_TYPES: &[&str] = &["CreateTime", "LogAppendTime"];

/// Type and bounds of a config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A whole number between two bounds, both included.
    Whole(i64, i64),
    /// A decimal number between 0 and 1.
    Fraction,
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Anything else, checked by the broker.
    Text,
}
