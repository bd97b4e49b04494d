//! Fetching and replication.

use crate::config::define::{def, null, reason};
use crate::config::{ConfigDef, ConfigType, Validator};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "auto.leader.rebalance.enable",
        ConfigType::Boolean,
        "true",
        "Whether leadership moves back to preferred leaders.",
    )
    .high(),
    def(
        "controller.socket.timeout.ms",
        ConfigType::Int,
        "30000",
        "Socket timeout between controller and brokers, ms.",
    )
    .inert(reason::PEERS),
    def(
        "delete.records.purgatory.purge.interval.requests",
        ConfigType::Int,
        "1",
        "Requests between two purges of waiting DeleteRecords.",
    )
    .inert(reason::PURGATORY),
    def("fetch.max.bytes", ConfigType::Int, "57671680", "Most bytes in one Fetch answer.")
        .at_least(1024),
    def(
        "fetch.purgatory.purge.interval.requests",
        ConfigType::Int,
        "1000",
        "Requests between two purges of waiting fetches.",
    )
    .inert(reason::PURGATORY),
    def(
        "leader.imbalance.check.interval.seconds",
        ConfigType::Long,
        "300",
        "Time between two looks at leader balance, s.",
    )
    .at_least(1)
    .high(),
    def(
        "max.incremental.fetch.session.cache.slots",
        ConfigType::Int,
        "1000",
        "Fetch sessions that are kept.",
    )
    .at_least(0),
    def("num.replica.fetchers", ConfigType::Int, "1", "Fetchers per source broker.")
        .at_least(1)
        .high()
        .cluster_wide(),
    def(
        "producer.purgatory.purge.interval.requests",
        ConfigType::Int,
        "1000",
        "Requests between two purges of waiting produces.",
    )
    .inert(reason::PURGATORY),
    def(
        "replica.fetch.backoff.ms",
        ConfigType::Int,
        "1000",
        "Pause after a failed fetch of a partition, ms.",
    )
    .at_least(0),
    def(
        "replica.fetch.max.bytes",
        ConfigType::Int,
        "1048576",
        "Bytes per partition in a follower's fetch.",
    )
    .at_least(0),
    def(
        "replica.fetch.min.bytes",
        ConfigType::Int,
        "1",
        "Bytes that a follower's fetch waits for.",
    )
    .high(),
    def(
        "replica.fetch.response.max.bytes",
        ConfigType::Int,
        "10485760",
        "Most bytes in a follower's fetch.",
    )
    .at_least(0),
    def(
        "replica.fetch.wait.max.ms",
        ConfigType::Int,
        "500",
        "Longest wait of a follower's fetch, ms.",
    )
    .high(),
    def(
        "replica.high.watermark.checkpoint.interval.ms",
        ConfigType::Long,
        "5000",
        "Time between two checkpoints of high watermarks, ms.",
    )
    .high(),
    def(
        "replica.lag.time.max.ms",
        ConfigType::Long,
        "30000",
        "Lag after which a follower leaves the ISR, ms.",
    )
    .high(),
    null(
        "replica.selector.class",
        ConfigType::String,
        "What picks the replica that a consumer reads from: by rack, or always the leader.",
    )
    .check(Validator::OneOf(&[
        "org.apache.kafka.common.replica.LeaderSelector",
        "org.apache.kafka.common.replica.RackAwareReplicaSelector",
    ])),
    def(
        "replica.socket.receive.buffer.bytes",
        ConfigType::Int,
        "65536",
        "SO_RCVBUF of connections between brokers.",
    )
    .high()
    .inert(reason::SOCKETS),
    def(
        "replica.socket.timeout.ms",
        ConfigType::Int,
        "30000",
        "Socket timeout of connections between brokers, ms.",
    )
    .high(),
    def(
        "unclean.leader.election.enable",
        ConfigType::Boolean,
        "false",
        "Whether a replica that may miss records may become leader when no other can.",
    )
    .high()
    .cluster_wide(),
    def(
        "unclean.leader.election.interval.ms",
        ConfigType::Long,
        "300000",
        "Time between two looks for leaderless partitions, ms.",
    )
    .at_least(1)
    .internal(),
];
