//! General broker configs.

use crate::config::define::{def, null, reason};
use crate::config::{ConfigDef, ConfigType, Validator};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "auto.create.topics.enable",
        ConfigType::Boolean,
        "true",
        "Whether asking for an unknown topic creates it.",
    )
    .high(),
    def("background.threads", ConfigType::Int, "10", "Threads for background work.")
        .at_least(1)
        .high()
        .cluster_wide()
        .inert(reason::ASYNC),
    def("broker.id", ConfigType::Int, "-1", "Old name of `node.id`.").high(),
    def(
        "config.providers",
        ConfigType::List,
        "",
        "Java classes that resolve variables in this file.",
    )
    .low()
    .cluster_wide()
    .default_only(reason::JVM),
    def(
        "controlled.shutdown.enable",
        ConfigType::Boolean,
        "true",
        "Whether leaders move away before the broker stops.",
    ),
    def(
        "default.replication.factor",
        ConfigType::Int,
        "1",
        "Replicas of a topic created without saying how many.",
    ),
    def("delete.topic.enable", ConfigType::Boolean, "true", "Whether topics can be deleted.")
        .high(),
    def(
        "max.request.partition.size.limit",
        ConfigType::Int,
        "2000",
        "Most partitions in one DescribeTopicPartitions answer.",
    )
    .at_least(1),
    def(
        "message.max.bytes",
        ConfigType::Int,
        "1048588",
        "Largest record batch, after compression, bytes.",
    )
    .at_least(0)
    .high()
    .cluster_wide(),
    def(
        "min.insync.replicas",
        ConfigType::Int,
        "1",
        "Replicas that must have a record before `acks=all` succeeds.",
    )
    .at_least(1)
    .high()
    .cluster_wide(),
    null("node.id", ConfigType::Int, "Id of this node, unique in the cluster.")
        .required()
        .at_least(0)
        .high(),
    def("num.io.threads", ConfigType::Int, "8", "Threads that process requests.")
        .at_least(1)
        .high()
        .cluster_wide()
        .inert(reason::ASYNC),
    def(
        "num.partitions",
        ConfigType::Int,
        "1",
        "Partitions of a topic created without saying how many.",
    )
    .at_least(1),
    null("process.roles", ConfigType::List, "Roles of this node: `broker`, `controller` or both.")
        .required()
        .check(Validator::AtLeastOneOf(&["broker", "controller"]))
        .high(),
    def(
        "request.timeout.ms",
        ConfigType::Int,
        "30000",
        "How long an admin request may wait for other brokers, ms.",
    )
    .high()
    .inert(reason::PEERS),
    def(
        "server.max.startup.time.ms",
        ConfigType::Long,
        "9223372036854775807",
        "Longest time that a start may take, ms.",
    )
    .at_least(0)
    .internal()
    .inert(reason::STARTUP),
    def(
        "unstable.api.versions.enable",
        ConfigType::Boolean,
        "false",
        "Whether unfinished API versions are offered.",
    )
    .high()
    .internal()
    .default_only(reason::UNSTABLE),
    def(
        "unstable.feature.versions.enable",
        ConfigType::Boolean,
        "false",
        "Whether unfinished feature levels are offered.",
    )
    .high()
    .internal()
    .default_only(reason::UNSTABLE),
];
