use std::collections::{BTreeMap, BTreeSet};

use super::*;

const SCOPES: [Scope; 3] = [Scope::Topic, Scope::Broker, Scope::Group];

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn refused(scope: Scope, name: &str, value: &str) -> String {
    alter(scope, name, AlterOp::Set, Some(value), None).unwrap_err().to_string()
}

fn stored(name: &str, op: AlterOp, value: &str, current: Option<&str>) -> Option<String> {
    alter(Scope::Topic, name, op, Some(value), current).expect("accepted")
}

/// Owns what [`Layers`] borrows.
#[derive(Default)]
struct Broker {
    broker: BTreeMap<String, String>,
    default_broker: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
}

impl Broker {
    fn layers(&self) -> Layers<'_> {
        Layers { broker: &self.broker, default_broker: &self.default_broker, file: &self.file }
    }

    fn topic(&self, overrides: &[(&str, &str)]) -> TopicConfig {
        TopicConfig::resolve(&map(overrides), self.layers())
    }

    fn described(&self, overrides: &[(&str, &str)], name: &str) -> Described {
        let described = describe_topic(&map(overrides), self.layers());
        described.into_iter().find(|described| described.name == name).expect(name)
    }
}

#[test]
fn every_config_of_kafka_4_3_is_known_once() {
    // 33 + 1 internal; 360 of the broker's definition, 3 dynamic throttles, 2 of the standard
    // authorizer, 2 of ours; 17.
    for (scope, count) in SCOPES.into_iter().zip([34, 367, 17]) {
        let names: BTreeSet<_> = definitions(scope).map(|definition| definition.name).collect();
        assert_eq!(names.len(), count, "{scope:?}");
        assert_eq!(definitions(scope).count(), count, "{scope:?}");
    }
}

#[test]
fn every_default_is_a_value_that_is_accepted() {
    for scope in SCOPES {
        for definition in definitions(scope) {
            if let Some(default) = definition.default {
                let value = check(definition, definition.name, default);
                let value = value.unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(value.to_string(), default, "{}", definition.name);
            }
        }
    }
}

#[test]
fn every_broker_synonym_of_a_topic_config_is_dynamic_at_its_strongest() {
    for definition in definitions(Scope::Topic) {
        for (index, synonym) in topic_synonyms(definition.name).enumerate() {
            let broker = lookup(Scope::Broker, synonym).expect("known");
            let dynamic = broker.update_mode == UpdateMode::ClusterWide;
            assert_eq!(dynamic, index == 0, "{synonym} of {}", definition.name);
        }
    }
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let cases = [
        (Scope::Topic, "retention.msec", "retention.ms"),
        (Scope::Topic, "cleanup_policy", "cleanup.policy"),
        (Scope::Topic, "min.insync.replica", "min.insync.replicas"),
        (Scope::Broker, "log.dris", "log.dirs"),
        (Scope::Broker, "Advertised.Listeners2", "advertised.listeners"),
        (Scope::Group, "consumer.sesion.timeout.ms", "consumer.session.timeout.ms"),
    ];
    for (scope, name, nearest) in cases {
        let message = refused(scope, name, "1");
        assert!(message.contains(name), "{message}");
        assert!(message.ends_with(&format!("Did you mean {nearest}?")), "{message}");
    }
    assert_eq!(refused(Scope::Topic, "zzz", "1"), "Unknown topic config name: zzz.");
    // Removed in 4.0.
    let removed = ["message.format.version", "message.downconversion.enable"];
    assert!(removed.iter().all(|name| definition(Scope::Topic, name).is_none()));
}

#[test]
fn values_of_the_wrong_type_or_out_of_bounds_are_refused() {
    let cases = [
        ("retention.ms", "soon", "expected a 64-bit integer"),
        ("retention.ms", "-2", "must be at least -1"),
        ("segment.bytes", "100", "must be at least 1048576"),
        ("segment.bytes", "3000000000", "expected a 32-bit integer"),
        ("compression.type", "brotli", "must be one of uncompressed, zstd, lz4"),
        ("compression.gzip.level", "0", "must be between 1 and 9, or -1"),
        ("unclean.leader.election.enable", "yes", "expected true or false"),
        ("min.cleanable.dirty.ratio", "1.5", "must be between 0 and 1"),
        ("cleanup.policy", "delete,delete", "must be a list of compact, delete, each once"),
        ("message.timestamp.type", "createtime", "must be one of CreateTime, LogAppendTime"),
    ];
    for (name, value, expected) in cases {
        let message = refused(Scope::Topic, name, value);
        assert!(message.contains(expected), "{message}");
        assert!(message.contains(name), "{message}");
    }
    let long = "x".repeat(MAX_VALUE_LEN + 1);
    assert!(refused(Scope::Topic, "compression.type", &long).contains("32768 bytes"));
}

#[test]
fn what_is_not_honoured_is_refused_with_the_reason() {
    let cases = [
        (Scope::Topic, "remote.storage.enable", "true", "tiered storage (KIP-405)"),
        (Scope::Topic, "cleanup.policy", "compact", "log compaction"),
        (Scope::Broker, "authorizer.class.name", "org.example.Acl", "ACLs"),
        (Scope::Broker, "sasl.enabled.mechanisms", "PLAIN", "SASL"),
        (Scope::Broker, "metric.reporters", "org.example.Reporter", "no JVM"),
        (Scope::Group, "share.isolation.level", "read_committed", "KIP-932"),
    ];
    for (scope, name, value, reason) in cases {
        let message = refused(scope, name, value);
        assert!(message.contains(reason), "{message}");
    }
    for (scope, name, default) in [
        (Scope::Topic, "remote.storage.enable", "FALSE"),
        (Scope::Topic, "cleanup.policy", "delete"),
        (Scope::Broker, "sasl.enabled.mechanisms", "GSSAPI"),
        (Scope::Broker, "authorizer.class.name", ""),
    ] {
        let accepted = alter(scope, name, AlterOp::Set, Some(default), None);
        assert_eq!(accepted, Ok(Some(default.to_owned())), "{name}");
    }
}

#[test]
fn secrets_are_not_shown_in_errors() {
    let message = refused(Scope::Broker, "delegation.token.secret.key", "hunter2");
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn lists_grow_and_shrink_from_what_is_stored_or_else_from_the_default() {
    use AlterOp::{Append, Subtract};
    let name = "cleanup.policy";
    assert_eq!(stored(name, Append, "delete", None).as_deref(), Some("delete"));
    assert_eq!(stored(name, Subtract, "delete", None).as_deref(), Some(""));
    assert_eq!(stored(name, Append, "delete", Some("")).as_deref(), Some("delete"));
    assert_eq!(stored(name, Subtract, "compact", Some("delete")).as_deref(), Some("delete"));
    let error = alter(Scope::Topic, "retention.ms", Append, Some("1"), None).unwrap_err();
    assert_eq!(error.to_string(), "Can't APPEND to key retention.ms because its type is not LIST");
}

#[test]
fn deleting_needs_a_known_name_or_a_stored_one() {
    let delete = |name, current| alter(Scope::Topic, name, AlterOp::Delete, None, current);
    assert_eq!(delete("retention.ms", None), Ok(None));
    assert_eq!(delete("future.config", Some("1")), Ok(None));
    assert!(delete("future.config", None).is_err());
}

#[test]
fn only_dynamic_broker_configs_change_at_run_time() {
    let message = |name, all| check_dynamic(name, all).unwrap_err().to_string();
    assert!(message("log.dirs", false).contains("Cannot update log.dirs dynamically"));
    assert!(message("log.retention.hours", true).contains("dynamically"));
    assert!(message("listeners", true).contains("set it for each broker"));
    assert_eq!(check_dynamic("listeners", false), Ok(()));
    assert_eq!(check_dynamic("log.retention.ms", true), Ok(()));
    assert_eq!(check_dynamic("listener.name.internal.ssl.keystore.location", false), Ok(()));
    assert!(message("listener.name.internal.ssl.keystore.loc", false).contains("Unknown"));
}

#[test]
fn hours_yield_to_minutes_and_minutes_to_ms_whatever_layer_sets_them() {
    let mut broker = Broker::default();
    assert_eq!(broker.topic(&[]).retention_ms, 604_800_000);
    broker.file = map(&[("log.retention.hours", "24")]);
    assert_eq!(broker.topic(&[]).retention_ms, 86_400_000);
    broker.file = map(&[("log.retention.hours", "24"), ("log.retention.minutes", "-1")]);
    assert_eq!(broker.topic(&[]).retention_ms, -1);
    broker.default_broker = map(&[("log.retention.ms", "5000")]);
    assert_eq!(broker.topic(&[]).retention_ms, 5000);
    broker.broker = map(&[("log.retention.ms", "6000")]);
    assert_eq!(broker.topic(&[]).retention_ms, 6000);
    assert_eq!(broker.topic(&[("retention.ms", "7000")]).retention_ms, 7000);
}

#[test]
fn a_topic_s_configs_are_typed() {
    let mut broker = Broker::default();
    let defaults = broker.topic(&[]);
    assert_eq!(defaults.cleanup_policy, CleanupPolicy { delete: true, compact: false });
    assert_eq!(defaults.compression, None);
    assert_eq!(defaults.max_message_bytes, 1_048_588);
    assert_eq!(defaults.flush_ms, i64::MAX);
    assert_eq!(defaults.timestamp_after_max_ms, 3_600_000);
    broker.file = map(&[
        ("compression.type", "zstd"),
        ("compression.zstd.level", "7"),
        ("log.cleanup.policy", ""),
        ("message.max.bytes", " 1000 "),
    ]);
    let config = broker.topic(&[("message.timestamp.type", "LogAppendTime")]);
    assert_eq!(config.compression, Some(Compression::Zstd(7)));
    assert_eq!(config.cleanup_policy, CleanupPolicy { delete: false, compact: false });
    assert_eq!(config.max_message_bytes, 1000);
    assert_eq!(config.timestamp_type, TimestampType::LogAppendTime);
    assert_eq!(broker.topic(&[("internal.segment.bytes", "100")]).segment_bytes, 100);
}

#[test]
fn compaction_lags_may_not_contradict_each_other() {
    let broker = Broker::default();
    let lags = map(&[("min.compaction.lag.ms", "10"), ("max.compaction.lag.ms", "5")]);
    let error = check_topic(&lags, broker.layers()).unwrap_err();
    assert!(error.to_string().contains("min.compaction.lag.ms (10)"), "{error}");
    assert_eq!(check_topic(&map(&[]), broker.layers()), Ok(()));
}

#[test]
fn a_topic_config_is_described_with_all_its_synonyms() {
    let mut broker = Broker::default();
    let default = broker.described(&[], "max.message.bytes");
    assert_eq!(default.source, ConfigSource::Default);
    assert_eq!(default.value.as_deref(), Some("1048588"));
    broker.file = map(&[("message.max.bytes", "1")]);
    broker.default_broker = map(&[("message.max.bytes", "2")]);
    broker.broker = map(&[("message.max.bytes", "3")]);
    let described = broker.described(&[("max.message.bytes", "4")], "max.message.bytes");
    assert_eq!(described.value.as_deref(), Some("4"));
    assert_eq!(described.source, ConfigSource::Topic);
    let synonyms: Vec<_> = described
        .synonyms
        .iter()
        .map(|s| (s.source, s.name.as_str(), s.value.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(
        synonyms,
        [
            (ConfigSource::Topic, "max.message.bytes", "4"),
            (ConfigSource::DynamicBroker, "message.max.bytes", "3"),
            (ConfigSource::DynamicDefaultBroker, "message.max.bytes", "2"),
            (ConfigSource::StaticBroker, "message.max.bytes", "1"),
            (ConfigSource::Default, "message.max.bytes", "1048588"),
        ]
    );
    let inherited = broker.described(&[], "max.message.bytes");
    assert_eq!(inherited.source, ConfigSource::DynamicBroker);
    assert_eq!(inherited.value.as_deref(), Some("3"));
}

#[test]
fn hours_are_no_synonym_unless_ms_is_set() {
    // Apache Kafka drops what comes before the config that carries the topic config's unit.
    let mut broker = Broker { file: map(&[("log.retention.hours", "1")]), ..Broker::default() };
    let described = broker.described(&[], "retention.ms");
    assert_eq!(described.value.as_deref(), Some("3600000"));
    assert_eq!((described.source, described.synonyms.len()), (ConfigSource::Default, 0));
    broker.default_broker = map(&[("log.retention.ms", "5")]);
    let described = broker.described(&[], "retention.ms");
    assert_eq!(described.source, ConfigSource::DynamicDefaultBroker);
    let names: Vec<_> = described.synonyms.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["log.retention.ms", "log.retention.hours", "log.retention.hours"]);
}

#[test]
fn secrets_and_strangers_are_described_without_their_values() {
    let file = map(&[("ssl.keystore.password", "hunter2"), ("node.id", "1")]);
    let default_broker = map(&[("some.plugin.secret", "hunter2")]);
    let broker = Broker { default_broker, file, ..Broker::default() };
    let described = describe_broker(broker.layers());
    assert!(!format!("{described:?}").contains("hunter2"));
    let find = |name: &str| described.iter().find(|d| d.name == name).expect("described");
    assert_eq!(find("ssl.keystore.password").source, ConfigSource::StaticBroker);
    assert_eq!(find("node.id").value.as_deref(), Some("1"));
    assert!(find("node.id").read_only);
    assert!(!find("log.retention.ms").read_only);
    assert_eq!(find("log.retention.ms").value, None);
    assert!(described.iter().all(|d| d.name != "unstable.api.versions.enable"));
    let all = describe_default_broker(broker.layers());
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].source, ConfigSource::DynamicDefaultBroker);
}

#[test]
fn a_group_config_falls_back_to_the_broker_s() {
    let file = map(&[("group.consumer.session.timeout.ms", "50000")]);
    let broker = Broker { file, ..Broker::default() };
    let described =
        describe_group(&map(&[("consumer.heartbeat.interval.ms", "6000")]), broker.layers());
    let find = |name: &str| described.iter().find(|d| d.name == name).expect("described");
    assert_eq!(described.len(), 17);
    assert_eq!(find("consumer.session.timeout.ms").value.as_deref(), Some("50000"));
    assert_eq!(find("consumer.session.timeout.ms").source, ConfigSource::StaticBroker);
    assert_eq!(find("consumer.heartbeat.interval.ms").source, ConfigSource::Group);
    assert_eq!(find("share.auto.offset.reset").value.as_deref(), Some("latest"));
}

#[test]
fn offset_resets_take_iso_8601_durations() {
    let accepts = |text: &str| Validator::OffsetReset.accepts(&Value::Text(text.to_owned()));
    for text in ["latest", "earliest", "by_duration:PT1H", "by_duration:P1DT2H3M4.5S"] {
        assert!(accepts(text), "{text}");
    }
    for text in ["none", "by_duration:", "by_duration:P", "by_duration:PT", "by_duration:-PT1H"] {
        assert!(!accepts(text), "{text}");
    }
}
