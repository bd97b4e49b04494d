//! Tiered storage (KIP-405).

use crate::config::define::{def, null, reason};
use crate::config::{ConfigDef, ConfigType, Validator};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "follower.fetch.last.tiered.offset.enable",
        ConfigType::Boolean,
        "false",
        "Whether an empty follower starts at the last tiered offset.",
    )
    .cluster_wide()
    .default_only(reason::TIERED),
    def(
        "remote.fetch.max.wait.ms",
        ConfigType::Int,
        "500",
        "Longest wait for tiered data in a fetch, ms.",
    )
    .at_least(1)
    .cluster_wide()
    .inert(reason::TIERED),
    def(
        "remote.list.offsets.request.timeout.ms",
        ConfigType::Long,
        "30000",
        "Longest wait for tiered data in ListOffsets, ms.",
    )
    .at_least(1)
    .cluster_wide()
    .inert(reason::TIERED),
    def(
        "remote.log.index.file.cache.total.size.bytes",
        ConfigType::Long,
        "1073741824",
        "Disk space for cached tiered indexes, bytes.",
    )
    .at_least(1)
    .low()
    .cluster_wide()
    .inert(reason::TIERED),
    def(
        "remote.log.index.file.cache.ttl.ms",
        ConfigType::Long,
        "900000",
        "Time that a cached tiered index is kept, ms.",
    )
    .at_least(-1)
    .low()
    .internal()
    .inert(reason::TIERED),
    def(
        "remote.log.manager.copier.thread.pool.size",
        ConfigType::Int,
        "10",
        "Threads that copy segments.",
    )
    .at_least(1)
    .cluster_wide()
    .inert(reason::TIERED),
    def(
        "remote.log.manager.copy.max.bytes.per.second",
        ConfigType::Long,
        "9223372036854775807",
        "Bytes per second that are copied.",
    )
    .at_least(1)
    .cluster_wide()
    .inert(reason::TIERED),
    def(
        "remote.log.manager.copy.quota.window.num",
        ConfigType::Int,
        "11",
        "Samples kept for the copy quota.",
    )
    .at_least(1)
    .inert(reason::TIERED),
    def(
        "remote.log.manager.copy.quota.window.size.seconds",
        ConfigType::Int,
        "1",
        "Length of such a sample, s.",
    )
    .at_least(1)
    .inert(reason::TIERED),
    def(
        "remote.log.manager.expiration.thread.pool.size",
        ConfigType::Int,
        "10",
        "Threads that remove expired segments.",
    )
    .at_least(1)
    .cluster_wide()
    .inert(reason::TIERED),
    def(
        "remote.log.manager.fetch.max.bytes.per.second",
        ConfigType::Long,
        "9223372036854775807",
        "Bytes per second that are fetched.",
    )
    .at_least(1)
    .cluster_wide()
    .inert(reason::TIERED),
    def(
        "remote.log.manager.fetch.quota.window.num",
        ConfigType::Int,
        "11",
        "Samples kept for the fetch quota.",
    )
    .at_least(1)
    .inert(reason::TIERED),
    def(
        "remote.log.manager.fetch.quota.window.size.seconds",
        ConfigType::Int,
        "1",
        "Length of such a sample, s.",
    )
    .at_least(1)
    .inert(reason::TIERED),
    def(
        "remote.log.manager.follower.thread.pool.size",
        ConfigType::Int,
        "2",
        "Threads that follow tiered partitions.",
    )
    .at_least(1)
    .cluster_wide()
    .inert(reason::TIERED),
    def(
        "remote.log.manager.task.interval.ms",
        ConfigType::Long,
        "30000",
        "Time between two rounds of tiering, ms.",
    )
    .at_least(1)
    .low()
    .inert(reason::TIERED),
    def(
        "remote.log.manager.task.retry.backoff.max.ms",
        ConfigType::Long,
        "30000",
        "Longest pause after a failure, ms.",
    )
    .at_least(1)
    .low()
    .internal()
    .inert(reason::TIERED),
    def(
        "remote.log.manager.task.retry.backoff.ms",
        ConfigType::Long,
        "500",
        "First pause after a failure, ms.",
    )
    .at_least(1)
    .low()
    .internal()
    .inert(reason::TIERED),
    def(
        "remote.log.manager.task.retry.jitter",
        ConfigType::Double,
        "0.2",
        "Random part of the pause.",
    )
    .check(Validator::Fraction { min: 0.0, max: 0.5 })
    .low()
    .internal()
    .inert(reason::TIERED),
    def(
        "remote.log.manager.thread.pool.size",
        ConfigType::Int,
        "2",
        "Threads of the tiering scheduler.",
    )
    .at_least(1)
    .inert(reason::TIERED),
    def(
        "remote.log.metadata.custom.metadata.max.bytes",
        ConfigType::Int,
        "128",
        "Largest custom metadata of a segment, bytes.",
    )
    .at_least(0)
    .low()
    .inert(reason::TIERED),
    def(
        "remote.log.metadata.manager.class.name",
        ConfigType::String,
        "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
        "Java class that keeps tiered metadata.",
    )
    .check(Validator::NonEmpty)
    .default_only(reason::JVM),
    null(
        "remote.log.metadata.manager.class.path",
        ConfigType::String,
        "Where that class is loaded from.",
    )
    .default_only(reason::JVM),
    def(
        "remote.log.metadata.manager.impl.prefix",
        ConfigType::String,
        "rlmm.config.",
        "Prefix of that class's configs.",
    )
    .check(Validator::NonEmpty)
    .inert(reason::TIERED),
    null(
        "remote.log.metadata.manager.listener.name",
        ConfigType::String,
        "Listener that it connects to.",
    )
    .check(Validator::NonEmpty)
    .inert(reason::TIERED),
    def(
        "remote.log.reader.max.pending.tasks",
        ConfigType::Int,
        "100",
        "Reads of tiered data that may wait.",
    )
    .at_least(1)
    .inert(reason::TIERED),
    def("remote.log.reader.threads", ConfigType::Int, "10", "Threads that read tiered data.")
        .at_least(1)
        .cluster_wide()
        .inert(reason::TIERED),
    null(
        "remote.log.storage.manager.class.name",
        ConfigType::String,
        "Java class that stores tiered segments.",
    )
    .check(Validator::NonEmpty)
    .default_only(reason::JVM),
    null(
        "remote.log.storage.manager.class.path",
        ConfigType::String,
        "Where that class is loaded from.",
    )
    .default_only(reason::JVM),
    def(
        "remote.log.storage.manager.impl.prefix",
        ConfigType::String,
        "rsm.config.",
        "Prefix of that class's configs.",
    )
    .check(Validator::NonEmpty)
    .inert(reason::TIERED),
    def(
        "remote.log.storage.system.enable",
        ConfigType::Boolean,
        "false",
        "Whether tiered storage is on.",
    )
    .default_only(reason::TIERED),
];
