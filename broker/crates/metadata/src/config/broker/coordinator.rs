//! The group coordinator and its offsets.

use crate::config::define::{def, reason};
use crate::config::{ConfigDef, ConfigType, Validator};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "group.consumer.assignment.interval.ms",
        ConfigType::Int,
        "1000",
        "Shortest time between two assignments of a group, ms.",
    )
    .at_least(0)
    .cluster_wide()
    .default_only(reason::CONSUMER),
    def(
        "group.consumer.assignors",
        ConfigType::List,
        "uniform,range",
        "Server-side assignors, the default first.",
    )
    .default_only(reason::CONSUMER),
    def(
        "group.consumer.heartbeat.interval.ms",
        ConfigType::Int,
        "5000",
        "Time between heartbeats of a member, ms.",
    )
    .at_least(1)
    .default_only(reason::CONSUMER),
    def(
        "group.consumer.max.assignment.interval.ms",
        ConfigType::Int,
        "15000",
        "Upper bound of `consumer.assignment.interval.ms`.",
    )
    .at_least(0)
    .default_only(reason::CONSUMER),
    def(
        "group.consumer.max.heartbeat.interval.ms",
        ConfigType::Int,
        "15000",
        "Upper bound of `consumer.heartbeat.interval.ms`.",
    )
    .at_least(1)
    .default_only(reason::CONSUMER),
    def(
        "group.consumer.max.session.timeout.ms",
        ConfigType::Int,
        "60000",
        "Upper bound of `consumer.session.timeout.ms`.",
    )
    .at_least(1)
    .default_only(reason::CONSUMER),
    def(
        "group.consumer.max.size",
        ConfigType::Int,
        "2147483647",
        "Members that a consumer group may have.",
    )
    .at_least(1)
    .default_only(reason::CONSUMER),
    def(
        "group.consumer.migration.policy",
        ConfigType::String,
        "bidirectional",
        "Which way groups may change between the classic and the consumer protocol.",
    )
    .check(Validator::OneOfIgnoreCase(&["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"]))
    .default_only(reason::CONSUMER),
    def(
        "group.consumer.min.assignment.interval.ms",
        ConfigType::Int,
        "0",
        "Lower bound of `consumer.assignment.interval.ms`.",
    )
    .at_least(0)
    .default_only(reason::CONSUMER),
    def(
        "group.consumer.min.heartbeat.interval.ms",
        ConfigType::Int,
        "5000",
        "Lower bound of `consumer.heartbeat.interval.ms`.",
    )
    .at_least(1)
    .default_only(reason::CONSUMER),
    def(
        "group.consumer.min.session.timeout.ms",
        ConfigType::Int,
        "45000",
        "Lower bound of `consumer.session.timeout.ms`.",
    )
    .at_least(1)
    .default_only(reason::CONSUMER),
    def(
        "group.consumer.regex.refresh.interval.ms",
        ConfigType::Int,
        "600000",
        "Time between two evaluations of subscribed patterns, ms.",
    )
    .at_least(10_000)
    .internal()
    .default_only(reason::CONSUMER),
    def(
        "group.consumer.session.timeout.ms",
        ConfigType::Int,
        "45000",
        "Silence after which a member is removed, ms.",
    )
    .at_least(1)
    .default_only(reason::CONSUMER),
    def(
        "group.coordinator.append.linger.ms",
        ConfigType::Int,
        "-1",
        "How long group writes are collected, ms; -1 = as load asks.",
    )
    .at_least(-1)
    .inert(reason::ASYNC),
    def(
        "group.coordinator.background.threads",
        ConfigType::Int,
        "2",
        "Background threads of the group coordinator.",
    )
    .at_least(1)
    .high()
    .inert(reason::ASYNC),
    def(
        "group.coordinator.cached.buffer.max.bytes",
        ConfigType::Int,
        "1048588",
        "Largest write buffer that is kept, bytes.",
    )
    .at_least(524_288)
    .cluster_wide()
    .inert(reason::ASYNC),
    def(
        "group.coordinator.rebalance.protocols",
        ConfigType::List,
        "classic,consumer,streams",
        "Group protocols that are offered.",
    )
    .check(Validator::AtLeastOneOf(&["consumer", "classic", "share", "streams"]))
    .default_only(reason::CONSUMER),
    def("group.coordinator.threads", ConfigType::Int, "4", "Threads of the group coordinator.")
        .at_least(1)
        .high()
        .inert(reason::ASYNC),
    def(
        "group.initial.rebalance.delay.ms",
        ConfigType::Int,
        "3000",
        "How long the first rebalance of a new group waits for more members, ms.",
    ),
    def(
        "group.max.session.timeout.ms",
        ConfigType::Int,
        "1800000",
        "Longest session timeout that a member may ask for, ms.",
    ),
    def("group.max.size", ConfigType::Int, "2147483647", "Members that a classic group may have.")
        .at_least(1),
    def(
        "group.min.session.timeout.ms",
        ConfigType::Int,
        "6000",
        "Shortest session timeout that a member may ask for, ms.",
    ),
    def(
        "offset.metadata.max.bytes",
        ConfigType::Int,
        "4096",
        "Longest metadata of a committed offset, bytes.",
    )
    .high(),
    def(
        "offsets.commit.timeout.ms",
        ConfigType::Int,
        "5000",
        "Longest wait for an offset commit to replicate, ms.",
    )
    .at_least(1)
    .high(),
    def(
        "offsets.load.buffer.size",
        ConfigType::Int,
        "5242880",
        "Bytes read at once when offsets are loaded.",
    )
    .at_least(1)
    .high(),
    def(
        "offsets.retention.check.interval.ms",
        ConfigType::Long,
        "600000",
        "Time between two looks for expired offsets, ms.",
    )
    .at_least(1)
    .high(),
    def(
        "offsets.retention.minutes",
        ConfigType::Int,
        "10080",
        "How long offsets of an empty group are kept, minutes.",
    )
    .at_least(1)
    .high(),
    def(
        "offsets.topic.compression.codec",
        ConfigType::Int,
        "0",
        "Codec id of `__consumer_offsets`.",
    )
    .high(),
    def(
        "offsets.topic.num.partitions",
        ConfigType::Int,
        "50",
        "Partitions of `__consumer_offsets`.",
    )
    .at_least(1)
    .high(),
    def(
        "offsets.topic.replication.factor",
        ConfigType::Short,
        "3",
        "Replicas of `__consumer_offsets`.",
    )
    .at_least(1)
    .high(),
    def(
        "offsets.topic.segment.bytes",
        ConfigType::Int,
        "104857600",
        "Segment size of `__consumer_offsets`, bytes.",
    )
    .at_least(1)
    .high(),
];
