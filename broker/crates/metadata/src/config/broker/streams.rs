//! Streams groups (KIP-1071).

use crate::config::define::{def, reason};
use crate::config::{ConfigDef, ConfigType};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "group.streams.assignment.interval.ms",
        ConfigType::Int,
        "1000",
        "Shortest time between two assignments of a group, ms.",
    )
    .at_least(0)
    .cluster_wide()
    .default_only(reason::STREAMS),
    def(
        "group.streams.heartbeat.interval.ms",
        ConfigType::Int,
        "5000",
        "Time between heartbeats of a member, ms.",
    )
    .at_least(1)
    .default_only(reason::STREAMS),
    def(
        "group.streams.initial.rebalance.delay.ms",
        ConfigType::Int,
        "3000",
        "How long a new group waits for more members, ms.",
    )
    .at_least(0)
    .default_only(reason::STREAMS),
    def(
        "group.streams.max.assignment.interval.ms",
        ConfigType::Int,
        "15000",
        "Upper bound of `streams.assignment.interval.ms`.",
    )
    .at_least(0)
    .default_only(reason::STREAMS),
    def(
        "group.streams.max.heartbeat.interval.ms",
        ConfigType::Int,
        "15000",
        "Upper bound of `streams.heartbeat.interval.ms`.",
    )
    .at_least(1)
    .default_only(reason::STREAMS),
    def(
        "group.streams.max.session.timeout.ms",
        ConfigType::Int,
        "60000",
        "Upper bound of `streams.session.timeout.ms`.",
    )
    .at_least(1)
    .default_only(reason::STREAMS),
    def(
        "group.streams.max.size",
        ConfigType::Int,
        "2147483647",
        "Members that a streams group may have.",
    )
    .at_least(1)
    .default_only(reason::STREAMS),
    def(
        "group.streams.max.standby.replicas",
        ConfigType::Int,
        "2",
        "Upper bound of `streams.num.standby.replicas`.",
    )
    .at_least(0)
    .default_only(reason::STREAMS),
    def(
        "group.streams.min.assignment.interval.ms",
        ConfigType::Int,
        "0",
        "Lower bound of `streams.assignment.interval.ms`.",
    )
    .at_least(0)
    .default_only(reason::STREAMS),
    def(
        "group.streams.min.heartbeat.interval.ms",
        ConfigType::Int,
        "5000",
        "Lower bound of `streams.heartbeat.interval.ms`.",
    )
    .at_least(1)
    .default_only(reason::STREAMS),
    def(
        "group.streams.min.session.timeout.ms",
        ConfigType::Int,
        "45000",
        "Lower bound of `streams.session.timeout.ms`.",
    )
    .at_least(1)
    .default_only(reason::STREAMS),
    def(
        "group.streams.num.standby.replicas",
        ConfigType::Int,
        "0",
        "Standby replicas of each task.",
    )
    .at_least(0)
    .default_only(reason::STREAMS),
    def(
        "group.streams.session.timeout.ms",
        ConfigType::Int,
        "45000",
        "Silence after which a member is removed, ms.",
    )
    .at_least(1)
    .default_only(reason::STREAMS),
];
