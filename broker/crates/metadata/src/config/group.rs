//! Group configs.

use super::define::{def, reason};
use super::{ConfigDef, ConfigType, Validator};

pub(super) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "consumer.assignment.interval.ms",
        ConfigType::Int,
        "1000",
        "Shortest time between two assignments of a consumer group, ms.",
    )
    .at_least(0)
    .per_resource()
    .default_only(reason::CONSUMER),
    def(
        "consumer.heartbeat.interval.ms",
        ConfigType::Int,
        "5000",
        "Time between heartbeats of a member, ms.",
    )
    .at_least(1)
    .per_resource()
    .default_only(reason::CONSUMER),
    def(
        "consumer.session.timeout.ms",
        ConfigType::Int,
        "45000",
        "Silence after which a member is removed, ms.",
    )
    .at_least(1)
    .per_resource()
    .default_only(reason::CONSUMER),
    def(
        "share.assignment.interval.ms",
        ConfigType::Int,
        "1000",
        "Shortest time between two assignments of a share group, ms.",
    )
    .at_least(0)
    .per_resource()
    .default_only(reason::SHARE),
    def(
        "share.auto.offset.reset",
        ConfigType::String,
        "latest",
        "Where a share group starts: `latest`, `earliest` or `by_duration:<ISO 8601>`.",
    )
    .check(Validator::OffsetReset)
    .per_resource()
    .default_only(reason::SHARE),
    def(
        "share.delivery.count.limit",
        ConfigType::Int,
        "5",
        "Deliveries after which a record is archived.",
    )
    .at_least(2)
    .per_resource()
    .default_only(reason::SHARE),
    def(
        "share.heartbeat.interval.ms",
        ConfigType::Int,
        "5000",
        "Time between heartbeats of a member, ms.",
    )
    .at_least(1)
    .per_resource()
    .default_only(reason::SHARE),
    def(
        "share.isolation.level",
        ConfigType::String,
        "read_uncommitted",
        "Whether records of open and aborted transactions are delivered.",
    )
    .check(Validator::OneOf(&["read_committed", "read_uncommitted"]))
    .per_resource()
    .default_only(reason::SHARE),
    def(
        "share.partition.max.record.locks",
        ConfigType::Int,
        "2000",
        "Records of a partition that may be acquired at once.",
    )
    .at_least(100)
    .per_resource()
    .default_only(reason::SHARE),
    def(
        "share.record.lock.duration.ms",
        ConfigType::Int,
        "30000",
        "How long an acquired record stays locked, ms.",
    )
    .at_least(1000)
    .per_resource()
    .default_only(reason::SHARE),
    def(
        "share.renew.acknowledge.enable",
        ConfigType::Boolean,
        "true",
        "Whether a lock may be renewed.",
    )
    .per_resource()
    .default_only(reason::SHARE),
    def(
        "share.session.timeout.ms",
        ConfigType::Int,
        "45000",
        "Silence after which a member is removed, ms.",
    )
    .at_least(1)
    .per_resource()
    .default_only(reason::SHARE),
    def(
        "streams.assignment.interval.ms",
        ConfigType::Int,
        "1000",
        "Shortest time between two assignments of a streams group, ms.",
    )
    .at_least(0)
    .per_resource()
    .default_only(reason::STREAMS),
    def(
        "streams.heartbeat.interval.ms",
        ConfigType::Int,
        "5000",
        "Time between heartbeats of a member, ms.",
    )
    .at_least(1)
    .per_resource()
    .default_only(reason::STREAMS),
    def(
        "streams.initial.rebalance.delay.ms",
        ConfigType::Int,
        "3000",
        "How long a new group waits for more members, ms.",
    )
    .at_least(0)
    .per_resource()
    .default_only(reason::STREAMS),
    def("streams.num.standby.replicas", ConfigType::Int, "0", "Standby replicas of each task.")
        .at_least(0)
        .per_resource()
        .default_only(reason::STREAMS),
    def(
        "streams.session.timeout.ms",
        ConfigType::Int,
        "45000",
        "Silence after which a member is removed, ms.",
    )
    .at_least(1)
    .per_resource()
    .default_only(reason::STREAMS),
];
