//! Topic configs.

use super::define::{def, null, reason};
use super::{ConfigDef, ConfigType, Validator};

pub(super) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "cleanup.policy",
        ConfigType::List,
        "delete",
        "What happens to old segments: `delete` removes them by time and size, `compact` \
         keeps the last record of each key, both may be given, empty keeps everything.",
    )
    .check(Validator::SomeOf(&["compact", "delete"]))
    .per_resource()
    .except(&["compact"], reason::COMPACT),
    def("compression.gzip.level", ConfigType::Int, "-1", "Level for `compression.type=gzip`.")
        .check(Validator::RangeOrDefault { min: 1, max: 9 })
        .per_resource(),
    def("compression.lz4.level", ConfigType::Int, "9", "Level for `compression.type=lz4`.")
        .between(1, 17)
        .per_resource()
        .inert(reason::LZ4),
    def(
        "compression.type",
        ConfigType::String,
        "producer",
        "Codec that the log is stored in; `producer` keeps what the producer chose, any \
         other recompresses.",
    )
    .check(Validator::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]))
    .per_resource(),
    def("compression.zstd.level", ConfigType::Int, "3", "Level for `compression.type=zstd`.")
        .between(-131_072, 22)
        .per_resource(),
    def(
        "delete.retention.ms",
        ConfigType::Long,
        "86400000",
        "How long a tombstone stays in a compacted log, ms.",
    )
    .at_least(0)
    .per_resource()
    .inert(reason::COMPACT),
    def(
        "file.delete.delay.ms",
        ConfigType::Long,
        "60000",
        "How long a removed segment stays on disk, ms.",
    )
    .at_least(0)
    .per_resource(),
    def(
        "flush.messages",
        ConfigType::Long,
        "9223372036854775807",
        "Records after which the log is fsynced.",
    )
    .at_least(1)
    .per_resource(),
    def(
        "flush.ms",
        ConfigType::Long,
        "9223372036854775807",
        "Time after which appended records are fsynced, ms.",
    )
    .at_least(0)
    .per_resource(),
    def(
        "follower.replication.throttled.replicas",
        ConfigType::List,
        "",
        "Replicas throttled on the follower, as `partition:broker` or `*`.",
    )
    .check(Validator::ThrottledReplicas)
    .per_resource(),
    def(
        "index.interval.bytes",
        ConfigType::Int,
        "4096",
        "Bytes between two entries of the offset index.",
    )
    .at_least(0)
    .per_resource(),
    null(
        "internal.segment.bytes",
        ConfigType::Int,
        "Segment size without a lower bound, for tests.",
    )
    .per_resource()
    .internal(),
    def(
        "leader.replication.throttled.replicas",
        ConfigType::List,
        "",
        "Replicas throttled on the leader, as `partition:broker` or `*`.",
    )
    .check(Validator::ThrottledReplicas)
    .per_resource(),
    def(
        "local.retention.bytes",
        ConfigType::Long,
        "-2",
        "Bytes of a tiered log that stay on the broker; -2 = `retention.bytes`.",
    )
    .at_least(-2)
    .per_resource()
    .default_only(reason::TIERED),
    def(
        "local.retention.ms",
        ConfigType::Long,
        "-2",
        "Time that a tiered log stays on the broker, ms; -2 = `retention.ms`.",
    )
    .at_least(-2)
    .per_resource()
    .default_only(reason::TIERED),
    def(
        "max.compaction.lag.ms",
        ConfigType::Long,
        "9223372036854775807",
        "Longest time that a record may stay uncompacted, ms.",
    )
    .at_least(1)
    .per_resource()
    .inert(reason::COMPACT),
    def(
        "max.message.bytes",
        ConfigType::Int,
        "1048588",
        "Largest record batch, after compression, bytes.",
    )
    .at_least(0)
    .per_resource(),
    def(
        "message.timestamp.after.max.ms",
        ConfigType::Long,
        "3600000",
        "How far a record's timestamp may lie in the future, ms.",
    )
    .at_least(0)
    .per_resource(),
    def(
        "message.timestamp.before.max.ms",
        ConfigType::Long,
        "9223372036854775807",
        "How far a record's timestamp may lie in the past, ms.",
    )
    .at_least(0)
    .per_resource(),
    def(
        "message.timestamp.type",
        ConfigType::String,
        "CreateTime",
        "Whose clock stamps records: the producer's (`CreateTime`) or the broker's \
         (`LogAppendTime`).",
    )
    .check(Validator::OneOf(&["CreateTime", "LogAppendTime"]))
    .per_resource(),
    def(
        "min.cleanable.dirty.ratio",
        ConfigType::Double,
        "0.5",
        "Share of a compacted log that must be dirty before it is cleaned.",
    )
    .check(Validator::Fraction { min: 0.0, max: 1.0 })
    .per_resource()
    .inert(reason::COMPACT),
    def(
        "min.compaction.lag.ms",
        ConfigType::Long,
        "0",
        "Shortest time that a record stays uncompacted, ms.",
    )
    .at_least(0)
    .per_resource()
    .inert(reason::COMPACT),
    def(
        "min.insync.replicas",
        ConfigType::Int,
        "1",
        "Replicas that must have a record before `acks=all` succeeds.",
    )
    .at_least(1)
    .per_resource(),
    def(
        "preallocate",
        ConfigType::Boolean,
        "false",
        "Whether segment files are allocated at full size.",
    )
    .per_resource()
    .default_only(reason::PREALLOCATE),
    def(
        "remote.log.copy.disable",
        ConfigType::Boolean,
        "false",
        "Whether nothing more is copied to tiered storage.",
    )
    .per_resource()
    .default_only(reason::TIERED),
    def(
        "remote.log.delete.on.disable",
        ConfigType::Boolean,
        "false",
        "Whether tiered data goes when tiered storage is switched off.",
    )
    .per_resource()
    .default_only(reason::TIERED),
    def(
        "remote.storage.enable",
        ConfigType::Boolean,
        "false",
        "Whether the topic uses tiered storage.",
    )
    .per_resource()
    .default_only(reason::TIERED),
    def(
        "retention.bytes",
        ConfigType::Long,
        "-1",
        "Bytes per partition above which old segments are deleted; -1 = no limit.",
    )
    .per_resource(),
    def(
        "retention.ms",
        ConfigType::Long,
        "604800000",
        "Age above which segments are deleted, ms; -1 = no limit.",
    )
    .at_least(-1)
    .per_resource(),
    def(
        "segment.bytes",
        ConfigType::Int,
        "1073741824",
        "Size at which a new segment starts, bytes.",
    )
    .at_least(1_048_576)
    .per_resource(),
    def(
        "segment.index.bytes",
        ConfigType::Int,
        "10485760",
        "Largest size of a segment's offset index, bytes.",
    )
    .at_least(4)
    .per_resource(),
    def("segment.jitter.ms", ConfigType::Long, "0", "Random part taken off `segment.ms`, ms.")
        .at_least(0)
        .per_resource(),
    def("segment.ms", ConfigType::Long, "604800000", "Age at which a new segment starts, ms.")
        .at_least(1)
        .per_resource(),
    def(
        "unclean.leader.election.enable",
        ConfigType::Boolean,
        "false",
        "Whether a replica that may miss records may become leader when no other can.",
    )
    .per_resource(),
];
