//! The metadata quorum, registration and heartbeats.

use crate::config::define::{def, null, reason};
use crate::config::{ConfigDef, ConfigType};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "broker.heartbeat.interval.ms",
        ConfigType::Int,
        "2000",
        "Time between a broker's heartbeats to the controller, ms.",
    ),
    null("broker.rack", ConfigType::String, "Rack of this broker."),
    def(
        "barnabas.broker.silence.timeout.ms",
        ConfigType::Int,
        "2500",
        "Time without an answer after which the active controller fences a broker that it can \
         connect to, ms; above broker.session.timeout.ms only that counts. Not a config of Apache \
         Kafka.",
    )
    .at_least(1000)
    .internal(),
    def(
        "broker.session.timeout.ms",
        ConfigType::Int,
        "9000",
        "Silence after which a broker is fenced, ms.",
    ),
    null(
        "controller.listener.names",
        ConfigType::List,
        "Listeners of the controller; the first is used to reach it.",
    )
    .required()
    .high(),
    def(
        "controller.performance.always.log.threshold.ms",
        ConfigType::Long,
        "2000",
        "Controller events slower than this are logged, ms.",
    )
    .at_least(0)
    .internal()
    .inert(reason::TRACE),
    def(
        "controller.performance.sample.period.ms",
        ConfigType::Long,
        "60000",
        "Time between two samples of controller events, ms.",
    )
    .at_least(100)
    .internal()
    .inert(reason::TRACE),
    def(
        "controller.quorum.append.linger.ms",
        ConfigType::Int,
        "25",
        "How long the leader collects records before it writes them, ms.",
    )
    .at_least(0)
    .inert(reason::LINGER),
    def(
        "controller.quorum.auto.join.enable",
        ConfigType::Boolean,
        "false",
        "Whether a controller adds itself to the voters.",
    )
    .low(),
    def(
        "controller.quorum.bootstrap.servers",
        ConfigType::List,
        "",
        "Addresses of controllers to start from.",
    )
    .high(),
    def(
        "controller.quorum.election.backoff.max.ms",
        ConfigType::Int,
        "1000",
        "Longest pause after a lost election, ms.",
    )
    .at_least(0)
    .high(),
    def(
        "controller.quorum.election.timeout.ms",
        ConfigType::Int,
        "1000",
        "Wait for votes before a new election starts, ms.",
    )
    .at_least(0)
    .high(),
    def(
        "controller.quorum.fetch.max.bytes",
        ConfigType::Int,
        "1048576",
        "Most bytes in a metadata fetch.",
    )
    .at_least(1)
    .low(),
    def(
        "controller.quorum.fetch.snapshot.max.bytes",
        ConfigType::Int,
        "1048576",
        "Most bytes in a part of a snapshot.",
    )
    .at_least(1)
    .low(),
    def(
        "controller.quorum.fetch.timeout.ms",
        ConfigType::Int,
        "2000",
        "Silence of the leader after which an election starts, ms.",
    )
    .at_least(0)
    .high(),
    def(
        "controller.quorum.request.timeout.ms",
        ConfigType::Int,
        "2000",
        "Longest wait for an answer among controllers, ms.",
    )
    .at_least(0),
    def(
        "controller.quorum.retry.backoff.ms",
        ConfigType::Int,
        "20",
        "Pause before a request among controllers is repeated, ms.",
    )
    .at_least(0)
    .low(),
    def("controller.quorum.voters", ConfigType::List, "", "Static voters, as `id@host:port,…`.")
        .high(),
    def(
        "initial.broker.registration.timeout.ms",
        ConfigType::Int,
        "60000",
        "How long the first registration may take before the process gives up, ms.",
    ),
    def(
        "internal.metadata.delete.delay.millis",
        ConfigType::Long,
        "60000",
        "How long removed metadata segments stay on disk, ms.",
    )
    .low()
    .internal()
    .inert(reason::INTERNAL),
    null(
        "internal.metadata.log.segment.bytes",
        ConfigType::Int,
        "Metadata segment size without a lower bound, for tests.",
    )
    .low()
    .internal()
    .inert(reason::INTERNAL),
    def(
        "internal.metadata.max.batch.size.in.bytes",
        ConfigType::Int,
        "8388608",
        "Largest batch of metadata records, bytes.",
    )
    .low()
    .internal()
    .inert(reason::INTERNAL),
    null(
        "metadata.log.dir",
        ConfigType::String,
        "Directory of the metadata log; the first of `log.dirs` when not set.",
    )
    .high(),
    def(
        "metadata.log.max.record.bytes.between.snapshots",
        ConfigType::Long,
        "20971520",
        "Bytes of metadata records after which a snapshot is made.",
    )
    .at_least(1)
    .high(),
    def(
        "metadata.log.max.snapshot.interval.ms",
        ConfigType::Long,
        "3600000",
        "Time after which a snapshot is made if there was a change, ms; 0 = never by time.",
    )
    .at_least(0)
    .high(),
    def(
        "metadata.log.segment.bytes",
        ConfigType::Int,
        "1073741824",
        "Size at which a new metadata segment starts, bytes.",
    )
    .at_least(8_388_608)
    .high(),
    def(
        "metadata.log.segment.ms",
        ConfigType::Long,
        "604800000",
        "Age at which a new metadata segment starts, ms.",
    )
    .high(),
    def(
        "metadata.max.idle.interval.ms",
        ConfigType::Int,
        "500",
        "Time after which an idle controller writes a no-op record, ms; 0 = never.",
    )
    .at_least(0)
    .low(),
    def(
        "metadata.max.retention.bytes",
        ConfigType::Long,
        "104857600",
        "Bytes of metadata log and snapshots above which old ones go.",
    )
    .high(),
    def(
        "metadata.max.retention.ms",
        ConfigType::Long,
        "604800000",
        "Age above which metadata log and snapshots go, ms.",
    )
    .high(),
];
