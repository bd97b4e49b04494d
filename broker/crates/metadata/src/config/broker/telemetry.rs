//! Metrics and client telemetry.

use crate::config::define::{def, reason};
use crate::config::{ConfigDef, ConfigType};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "kafka.metrics.polling.interval.secs",
        ConfigType::Int,
        "10",
        "Time between two rounds of metric reporters, s.",
    )
    .at_least(1)
    .low()
    .inert(reason::JMX),
    def("kafka.metrics.reporters", ConfigType::List, "", "Java classes that report metrics.")
        .low()
        .default_only(reason::JVM),
    def(
        "metric.reporters",
        ConfigType::List,
        "org.apache.kafka.common.metrics.JmxReporter",
        "Java classes that report metrics.",
    )
    .low()
    .cluster_wide()
    .default_only(reason::JVM),
    def("metrics.num.samples", ConfigType::Int, "2", "Samples kept per metric.")
        .at_least(1)
        .low()
        .inert(reason::JMX),
    def("metrics.recording.level", ConfigType::String, "INFO", "Level of detail of metrics.")
        .low()
        .inert(reason::JMX),
    def("metrics.sample.window.ms", ConfigType::Long, "30000", "Length of such a sample, ms.")
        .at_least(1)
        .low()
        .inert(reason::JMX),
    def(
        "telemetry.max.bytes",
        ConfigType::Int,
        "1048576",
        "Largest push of client metrics, bytes.",
    )
    .at_least(1)
    .low()
    .inert(reason::TELEMETRY),
];
