//! Quotas.

use crate::config::define::{def, null, reason};
use crate::config::{ConfigDef, ConfigType};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "alter.log.dirs.replication.quota.window.num",
        ConfigType::Int,
        "11",
        "Samples kept for the quota of moves between directories.",
    )
    .at_least(1)
    .low()
    .inert(reason::QUOTA),
    def(
        "alter.log.dirs.replication.quota.window.size.seconds",
        ConfigType::Int,
        "1",
        "Length of such a sample, s.",
    )
    .at_least(1)
    .low()
    .inert(reason::QUOTA),
    null(
        "client.quota.callback.class",
        ConfigType::Class,
        "Java class that computes client quotas.",
    )
    .low()
    .default_only(reason::JVM),
    def(
        "controller.quota.window.num",
        ConfigType::Int,
        "11",
        "Samples kept for controller mutation quotas.",
    )
    .at_least(1)
    .low()
    .inert(reason::QUOTA),
    def(
        "controller.quota.window.size.seconds",
        ConfigType::Int,
        "1",
        "Length of such a sample, s.",
    )
    .at_least(1)
    .low()
    .inert(reason::QUOTA),
    def(
        "follower.replication.throttled.rate",
        ConfigType::Long,
        "9223372036854775807",
        "Bytes per second of throttled replicas on the follower.",
    )
    .at_least(0)
    .cluster_wide(),
    def(
        "leader.replication.throttled.rate",
        ConfigType::Long,
        "9223372036854775807",
        "Bytes per second of throttled replicas on the leader.",
    )
    .at_least(0)
    .cluster_wide(),
    def("quota.window.num", ConfigType::Int, "11", "Samples kept for client quotas.")
        .at_least(1)
        .low()
        .inert(reason::QUOTA),
    def("quota.window.size.seconds", ConfigType::Int, "1", "Length of such a sample, s.")
        .at_least(1)
        .low()
        .inert(reason::QUOTA),
    def(
        "replica.alter.log.dirs.io.max.bytes.per.second",
        ConfigType::Long,
        "9223372036854775807",
        "Bytes per second of moves between log directories.",
    )
    .at_least(0)
    .cluster_wide(),
    def(
        "replication.quota.window.num",
        ConfigType::Int,
        "11",
        "Samples kept for replication quotas.",
    )
    .at_least(1)
    .low()
    .inert(reason::QUOTA),
    def(
        "replication.quota.window.size.seconds",
        ConfigType::Int,
        "1",
        "Length of such a sample, s.",
    )
    .at_least(1)
    .low()
    .inert(reason::QUOTA),
];
