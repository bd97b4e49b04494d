//! The topic configs that a `KafkaTopic` may set: Kafka's names, types and bounds.

use super::definition::{CLEANUP_POLICIES, COMPRESSION_TYPES, I32_MAX, Kind, TIMESTAMP_TYPES};
use Kind::{Boolean, Fraction, OneOf, Text, Whole};

/// Every topic config that this version knows, in alphabetical order.
pub const CONFIGS: &[(&str, Kind)] = &[
    ("cleanup.policy", OneOf(CLEANUP_POLICIES)),
    ("compression.gzip.level", Whole(-1, 9)),
    ("compression.lz4.level", Whole(1, 17)),
    ("compression.type", OneOf(COMPRESSION_TYPES)),
    ("compression.zstd.level", Whole(-131_072, 22)),
    ("delete.retention.ms", Whole(0, i64::MAX)),
    ("file.delete.delay.ms", Whole(0, i64::MAX)),
    ("flush.messages", Whole(1, i64::MAX)),
    ("flush.ms", Whole(0, i64::MAX)),
    ("follower.replication.throttled.replicas", Text),
    ("index.interval.bytes", Whole(0, I32_MAX)),
    ("leader.replication.throttled.replicas", Text),
    ("local.retention.bytes", Whole(-2, i64::MAX)),
    ("local.retention.ms", Whole(-2, i64::MAX)),
    ("max.compaction.lag.ms", Whole(1, i64::MAX)),
    ("max.message.bytes", Whole(0, I32_MAX)),
    ("message.timestamp.after.max.ms", Whole(0, i64::MAX)),
    ("message.timestamp.before.max.ms", Whole(0, i64::MAX)),
    ("message.timestamp.type", OneOf(TIMESTAMP_TYPES)),
    ("min.cleanable.dirty.ratio", Fraction),
    ("min.compaction.lag.ms", Whole(0, i64::MAX)),
    ("min.insync.replicas", Whole(1, I32_MAX)),
    ("preallocate", Boolean),
    ("retention.bytes", Whole(i64::MIN, i64::MAX)),
    ("retention.ms", Whole(-1, i64::MAX)),
    ("segment.bytes", Whole(1_048_576, I32_MAX)),
    ("segment.index.bytes", Whole(4, I32_MAX)),
    ("segment.jitter.ms", Whole(0, i64::MAX)),
    ("segment.ms", Whole(1, i64::MAX)),
    ("unclean.leader.election.enable", Boolean),
];
