//! Share groups (KIP-932).

use crate::config::define::{def, reason};
use crate::config::{ConfigDef, ConfigType};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "group.share.assignment.interval.ms",
        ConfigType::Int,
        "1000",
        "Shortest time between two assignments of a group, ms.",
    )
    .at_least(0)
    .cluster_wide()
    .default_only(reason::SHARE),
    def("group.share.assignors", ConfigType::List, "simple", "Server-side assignors.")
        .default_only(reason::SHARE),
    def(
        "group.share.delivery.count.limit",
        ConfigType::Int,
        "5",
        "Deliveries after which a record is archived.",
    )
    .between(2, 10)
    .default_only(reason::SHARE),
    def(
        "group.share.heartbeat.interval.ms",
        ConfigType::Int,
        "5000",
        "Time between heartbeats of a member, ms.",
    )
    .at_least(1)
    .default_only(reason::SHARE),
    def(
        "group.share.initialize.retry.interval.ms",
        ConfigType::Int,
        "30000",
        "Pause before a share partition is initialized again, ms.",
    )
    .at_least(1)
    .low()
    .internal()
    .default_only(reason::SHARE),
    def(
        "group.share.max.assignment.interval.ms",
        ConfigType::Int,
        "15000",
        "Upper bound of `share.assignment.interval.ms`.",
    )
    .at_least(0)
    .default_only(reason::SHARE),
    def(
        "group.share.max.delivery.count.limit",
        ConfigType::Int,
        "10",
        "Upper bound of `share.delivery.count.limit`.",
    )
    .between(5, 25)
    .default_only(reason::SHARE),
    def(
        "group.share.max.heartbeat.interval.ms",
        ConfigType::Int,
        "15000",
        "Upper bound of `share.heartbeat.interval.ms`.",
    )
    .at_least(1)
    .default_only(reason::SHARE),
    def(
        "group.share.max.partition.max.record.locks",
        ConfigType::Int,
        "4000",
        "Upper bound of `share.partition.max.record.locks`.",
    )
    .between(2000, 10_000)
    .default_only(reason::SHARE),
    def(
        "group.share.max.record.lock.duration.ms",
        ConfigType::Int,
        "60000",
        "Upper bound of `share.record.lock.duration.ms`.",
    )
    .between(30_000, 3_600_000)
    .default_only(reason::SHARE),
    def(
        "group.share.max.session.timeout.ms",
        ConfigType::Int,
        "60000",
        "Upper bound of `share.session.timeout.ms`.",
    )
    .at_least(1)
    .default_only(reason::SHARE),
    def("group.share.max.share.sessions", ConfigType::Int, "2000", "Share sessions per broker.")
        .at_least(1)
        .default_only(reason::SHARE),
    def("group.share.max.size", ConfigType::Int, "200", "Members that a share group may have.")
        .between(1, 1000)
        .default_only(reason::SHARE),
    def(
        "group.share.min.assignment.interval.ms",
        ConfigType::Int,
        "0",
        "Lower bound of `share.assignment.interval.ms`.",
    )
    .at_least(0)
    .default_only(reason::SHARE),
    def(
        "group.share.min.delivery.count.limit",
        ConfigType::Int,
        "2",
        "Lower bound of `share.delivery.count.limit`.",
    )
    .between(2, 5)
    .default_only(reason::SHARE),
    def(
        "group.share.min.heartbeat.interval.ms",
        ConfigType::Int,
        "5000",
        "Lower bound of `share.heartbeat.interval.ms`.",
    )
    .at_least(1)
    .default_only(reason::SHARE),
    def(
        "group.share.min.partition.max.record.locks",
        ConfigType::Int,
        "100",
        "Lower bound of `share.partition.max.record.locks`.",
    )
    .between(100, 2000)
    .default_only(reason::SHARE),
    def(
        "group.share.min.record.lock.duration.ms",
        ConfigType::Int,
        "15000",
        "Lower bound of `share.record.lock.duration.ms`.",
    )
    .between(1000, 30_000)
    .default_only(reason::SHARE),
    def(
        "group.share.min.session.timeout.ms",
        ConfigType::Int,
        "45000",
        "Lower bound of `share.session.timeout.ms`.",
    )
    .at_least(1)
    .default_only(reason::SHARE),
    def(
        "group.share.partition.max.record.locks",
        ConfigType::Int,
        "2000",
        "Records of a partition that may be acquired at once.",
    )
    .between(100, 10_000)
    .default_only(reason::SHARE),
    def(
        "group.share.persister.class.name",
        ConfigType::String,
        "org.apache.kafka.server.share.persister.DefaultStatePersister",
        "Java class that stores share-group state.",
    )
    .internal()
    .default_only(reason::JVM),
    def(
        "group.share.record.lock.duration.ms",
        ConfigType::Int,
        "30000",
        "How long an acquired record stays locked, ms.",
    )
    .between(1000, 3_600_000)
    .default_only(reason::SHARE),
    def(
        "group.share.session.timeout.ms",
        ConfigType::Int,
        "45000",
        "Silence after which a member is removed, ms.",
    )
    .at_least(1)
    .default_only(reason::SHARE),
    def(
        "share.coordinator.append.linger.ms",
        ConfigType::Int,
        "-1",
        "How long writes are collected, ms; -1 = as load asks.",
    )
    .at_least(-1)
    .default_only(reason::SHARE),
    def(
        "share.coordinator.cached.buffer.max.bytes",
        ConfigType::Int,
        "1048588",
        "Largest write buffer that is kept, bytes.",
    )
    .at_least(524_288)
    .cluster_wide()
    .default_only(reason::SHARE),
    def(
        "share.coordinator.cold.partition.snapshot.interval.ms",
        ConfigType::Int,
        "300000",
        "Time after which a quiet share partition gets a snapshot, ms.",
    )
    .at_least(1)
    .low()
    .internal()
    .default_only(reason::SHARE),
    def(
        "share.coordinator.load.buffer.size",
        ConfigType::Int,
        "5242880",
        "Bytes read at once when share state is loaded.",
    )
    .at_least(1)
    .high()
    .default_only(reason::SHARE),
    def(
        "share.coordinator.snapshot.update.records.per.snapshot",
        ConfigType::Int,
        "500",
        "Updates between two snapshots of a share partition.",
    )
    .between(0, 500)
    .default_only(reason::SHARE),
    def(
        "share.coordinator.state.topic.compression.codec",
        ConfigType::Int,
        "0",
        "Codec id of `__share_group_state`.",
    )
    .high()
    .inert(reason::SHARE),
    def(
        "share.coordinator.state.topic.min.isr",
        ConfigType::Short,
        "2",
        "`min.insync.replicas` of `__share_group_state`.",
    )
    .at_least(1)
    .high()
    .inert(reason::SHARE),
    def(
        "share.coordinator.state.topic.num.partitions",
        ConfigType::Int,
        "50",
        "Partitions of `__share_group_state`.",
    )
    .at_least(1)
    .high()
    .inert(reason::SHARE),
    def(
        "share.coordinator.state.topic.prune.interval.ms",
        ConfigType::Int,
        "300000",
        "Time between two prunings of `__share_group_state`, ms.",
    )
    .at_least(1)
    .low()
    .internal()
    .inert(reason::SHARE),
    def(
        "share.coordinator.state.topic.replication.factor",
        ConfigType::Short,
        "3",
        "Replicas of `__share_group_state`.",
    )
    .at_least(1)
    .high()
    .inert(reason::SHARE),
    def(
        "share.coordinator.state.topic.segment.bytes",
        ConfigType::Int,
        "104857600",
        "Segment size of `__share_group_state`, bytes.",
    )
    .at_least(1)
    .high()
    .inert(reason::SHARE),
    def("share.coordinator.threads", ConfigType::Int, "1", "Threads of the share coordinator.")
        .at_least(1)
        .default_only(reason::SHARE),
    def(
        "share.coordinator.write.timeout.ms",
        ConfigType::Int,
        "5000",
        "Longest wait for a write of share state, ms.",
    )
    .at_least(1)
    .high()
    .default_only(reason::SHARE),
    def(
        "share.fetch.purgatory.purge.interval.requests",
        ConfigType::Int,
        "1000",
        "Requests between two purges of waiting share fetches.",
    )
    .inert(reason::PURGATORY),
];
