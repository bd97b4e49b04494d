//! Logs: segments, retention, flushing, producer state.

use crate::config::define::{def, null, reason};
use crate::config::{ConfigDef, ConfigType, Validator};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    def("compression.gzip.level", ConfigType::Int, "-1", "Level for `compression.type=gzip`.")
        .check(Validator::RangeOrDefault { min: 1, max: 9 })
        .cluster_wide(),
    def("compression.lz4.level", ConfigType::Int, "9", "Level for `compression.type=lz4`.")
        .between(1, 17)
        .cluster_wide()
        .inert(reason::LZ4),
    def(
        "compression.type",
        ConfigType::String,
        "producer",
        "Codec that logs are stored in; `producer` keeps what the producer chose.",
    )
    .check(Validator::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]))
    .high()
    .cluster_wide(),
    def("compression.zstd.level", ConfigType::Int, "3", "Level for `compression.type=zstd`.")
        .between(-131_072, 22)
        .cluster_wide(),
    def(
        "cordoned.log.dirs",
        ConfigType::List,
        "",
        "Log directories that get no new replica; `*` = all.",
    )
    .per_broker(),
    def(
        "log.cleaner.backoff.ms",
        ConfigType::Long,
        "15000",
        "Pause of the cleaner when there is nothing to do, ms.",
    )
    .at_least(0)
    .cluster_wide()
    .inert(reason::COMPACT),
    def(
        "log.cleaner.dedupe.buffer.size",
        ConfigType::Long,
        "134217728",
        "Memory of all cleaners for keys, bytes.",
    )
    .cluster_wide()
    .inert(reason::COMPACT),
    def(
        "log.cleaner.delete.retention.ms",
        ConfigType::Long,
        "86400000",
        "How long a tombstone stays in a compacted log, ms.",
    )
    .at_least(0)
    .cluster_wide()
    .inert(reason::COMPACT),
    def("log.cleaner.enable", ConfigType::Boolean, "true", "Whether compacted logs are cleaned.")
        .inert(reason::COMPACT),
    def(
        "log.cleaner.io.buffer.load.factor",
        ConfigType::Double,
        "0.9",
        "How full the key memory may get.",
    )
    .cluster_wide()
    .inert(reason::COMPACT),
    def(
        "log.cleaner.io.buffer.size",
        ConfigType::Int,
        "524288",
        "Memory of all cleaners for input and output, bytes.",
    )
    .at_least(0)
    .cluster_wide()
    .inert(reason::COMPACT),
    def(
        "log.cleaner.io.max.bytes.per.second",
        ConfigType::Double,
        "1.7976931348623157E308",
        "Bytes per second that cleaners read and write.",
    )
    .cluster_wide()
    .inert(reason::COMPACT),
    def(
        "log.cleaner.max.compaction.lag.ms",
        ConfigType::Long,
        "9223372036854775807",
        "Longest time that a record may stay uncompacted, ms.",
    )
    .at_least(1)
    .cluster_wide()
    .inert(reason::COMPACT),
    def(
        "log.cleaner.min.cleanable.ratio",
        ConfigType::Double,
        "0.5",
        "Share of a compacted log that must be dirty before it is cleaned.",
    )
    .check(Validator::Fraction { min: 0.0, max: 1.0 })
    .cluster_wide()
    .inert(reason::COMPACT),
    def(
        "log.cleaner.min.compaction.lag.ms",
        ConfigType::Long,
        "0",
        "Shortest time that a record stays uncompacted, ms.",
    )
    .at_least(0)
    .cluster_wide()
    .inert(reason::COMPACT),
    def("log.cleaner.threads", ConfigType::Int, "1", "Cleaner threads.")
        .at_least(0)
        .cluster_wide()
        .inert(reason::COMPACT),
    def(
        "log.cleanup.policy",
        ConfigType::List,
        "delete",
        "What happens to old segments: `delete`, `compact`, both or nothing.",
    )
    .check(Validator::SomeOf(&["compact", "delete"]))
    .cluster_wide()
    .except(&["compact"], reason::COMPACT),
    def(
        "log.dir",
        ConfigType::List,
        "/tmp/kafka-logs",
        "Log directory when `log.dirs` is not set.",
    )
    .high(),
    def(
        "log.dir.failure.timeout.ms",
        ConfigType::Long,
        "30000",
        "How long a broker may fail to report a failed directory, ms.",
    )
    .at_least(1)
    .low(),
    null("log.dirs", ConfigType::List, "Log directories, separated by commas.").high(),
    def(
        "log.flush.interval.messages",
        ConfigType::Long,
        "9223372036854775807",
        "Records after which a log is fsynced.",
    )
    .at_least(1)
    .high()
    .cluster_wide(),
    null(
        "log.flush.interval.ms",
        ConfigType::Long,
        "Time after which appended records are fsynced, ms.",
    )
    .high()
    .cluster_wide(),
    def(
        "log.flush.offset.checkpoint.interval.ms",
        ConfigType::Int,
        "60000",
        "Time between two checkpoints of recovery points, ms.",
    )
    .at_least(0)
    .high(),
    def(
        "log.flush.scheduler.interval.ms",
        ConfigType::Long,
        "9223372036854775807",
        "Time between two looks for logs to fsync, ms.",
    )
    .high(),
    def(
        "log.flush.start.offset.checkpoint.interval.ms",
        ConfigType::Int,
        "60000",
        "Time between two checkpoints of log start offsets, ms.",
    )
    .at_least(0)
    .high(),
    def(
        "log.index.interval.bytes",
        ConfigType::Int,
        "4096",
        "Bytes between two entries of the offset index.",
    )
    .at_least(0)
    .cluster_wide(),
    def(
        "log.index.size.max.bytes",
        ConfigType::Int,
        "10485760",
        "Largest size of a segment's offset index, bytes.",
    )
    .at_least(4)
    .cluster_wide(),
    def(
        "log.initial.task.delay.ms",
        ConfigType::Long,
        "30000",
        "Delay of the first background task after start, ms.",
    )
    .at_least(0)
    .low()
    .internal()
    .inert(reason::INTERNAL),
    def(
        "log.local.retention.bytes",
        ConfigType::Long,
        "-2",
        "Bytes of a tiered log that stay on the broker; -2 = `log.retention.bytes`.",
    )
    .at_least(-2)
    .cluster_wide()
    .default_only(reason::TIERED),
    def(
        "log.local.retention.ms",
        ConfigType::Long,
        "-2",
        "Time that a tiered log stays on the broker, ms; -2 = `log.retention.ms`.",
    )
    .at_least(-2)
    .cluster_wide()
    .default_only(reason::TIERED),
    def(
        "log.message.timestamp.after.max.ms",
        ConfigType::Long,
        "3600000",
        "How far a record's timestamp may lie in the future, ms.",
    )
    .at_least(0)
    .cluster_wide(),
    def(
        "log.message.timestamp.before.max.ms",
        ConfigType::Long,
        "9223372036854775807",
        "How far a record's timestamp may lie in the past, ms.",
    )
    .at_least(0)
    .cluster_wide(),
    def(
        "log.message.timestamp.type",
        ConfigType::String,
        "CreateTime",
        "Whose clock stamps records: `CreateTime` or `LogAppendTime`.",
    )
    .check(Validator::OneOf(&["CreateTime", "LogAppendTime"]))
    .cluster_wide(),
    def(
        "log.preallocate",
        ConfigType::Boolean,
        "false",
        "Whether segment files are allocated at full size.",
    )
    .cluster_wide()
    .default_only(reason::PREALLOCATE),
    def(
        "log.retention.bytes",
        ConfigType::Long,
        "-1",
        "Bytes per partition above which old segments are deleted; -1 = no limit.",
    )
    .high()
    .cluster_wide(),
    def(
        "log.retention.check.interval.ms",
        ConfigType::Long,
        "300000",
        "Time between two looks for segments to delete, ms.",
    )
    .at_least(1),
    def(
        "log.retention.hours",
        ConfigType::Int,
        "168",
        "Age above which segments are deleted, hours; yields to the minutes and ms forms.",
    )
    .high(),
    null(
        "log.retention.minutes",
        ConfigType::Int,
        "Age above which segments are deleted, minutes; yields to the ms form.",
    )
    .high(),
    null(
        "log.retention.ms",
        ConfigType::Long,
        "Age above which segments are deleted, ms; -1 = no limit.",
    )
    .high()
    .cluster_wide(),
    def(
        "log.roll.hours",
        ConfigType::Int,
        "168",
        "Age at which a new segment starts, hours; yields to the ms form.",
    )
    .at_least(1)
    .high(),
    def(
        "log.roll.jitter.hours",
        ConfigType::Int,
        "0",
        "Random part taken off `log.roll.hours`, hours; yields to the ms form.",
    )
    .at_least(0)
    .high(),
    null("log.roll.jitter.ms", ConfigType::Long, "Random part taken off `log.roll.ms`, ms.")
        .high()
        .cluster_wide(),
    null("log.roll.ms", ConfigType::Long, "Age at which a new segment starts, ms.")
        .high()
        .cluster_wide(),
    def(
        "log.segment.bytes",
        ConfigType::Int,
        "1073741824",
        "Size at which a new segment starts, bytes.",
    )
    .at_least(1_048_576)
    .high()
    .cluster_wide(),
    def(
        "log.segment.delete.delay.ms",
        ConfigType::Long,
        "60000",
        "How long a removed segment stays on disk, ms.",
    )
    .at_least(0)
    .high()
    .cluster_wide(),
    def(
        "num.recovery.threads.per.data.dir",
        ConfigType::Int,
        "2",
        "Threads per log directory that recover logs at start, and sync and delete later. Set it \
         in the file: recovery is over before a dynamic value is known.",
    )
    .at_least(1)
    .high()
    .cluster_wide(),
    null(
        "num.replica.alter.log.dirs.threads",
        ConfigType::Int,
        "Threads that move replicas between directories.",
    )
    .high()
    .inert(reason::ASYNC),
    def(
        "producer.id.expiration.check.interval.ms",
        ConfigType::Int,
        "600000",
        "Time between two looks for expired producer ids, ms.",
    )
    .at_least(1)
    .low()
    .internal()
    .inert(reason::INTERNAL),
    def(
        "producer.id.expiration.ms",
        ConfigType::Int,
        "86400000",
        "Silence after which a producer's sequence is forgotten, ms.",
    )
    .at_least(1)
    .low()
    .cluster_wide(),
];
