//! The tables of configs that the rules are made of agree with the broker's own definitions.

use std::collections::BTreeSet;

use barnabas_crds::config::definition::Kind;
use barnabas_crds::config::{broker, topic};
use barnabas_metadata::config::{ConfigDef, ConfigType, Scope, Value, definition, definitions};

/// Prefixes of broker configs that belong to features which the operator does not offer (security,
/// tiered storage), name Java classes, or can only be set while brokers run.
const NOT_OFFERED: &[&str] = &[
    "alter.config.policy.class.name",
    "authorizer.",
    "client.quota.callback.class",
    "config.providers",
    "create.topic.policy.class.name",
    "delegation.token.",
    "follower.fetch.last.tiered.offset.enable",
    "follower.replication.throttled.rate",
    "kafka.metrics.reporters",
    "leader.replication.throttled.rate",
    "metric.reporters",
    "password.",
    "principal.",
    "remote.",
    "replica.alter.log.dirs.io.max.bytes.per.second",
    "sasl.",
    "security.",
    "ssl.",
    "super.",
];

#[test]
fn topic_configs_are_those_of_the_broker() {
    assert_eq!(disagreements(Scope::Topic, topic::CONFIGS), Vec::<String>::new());
    let ours: BTreeSet<&str> = topic::CONFIGS.iter().map(|(name, _)| *name).collect();
    let missing: Vec<&str> = names(Scope::Topic).filter(|name| !ours.contains(name)).collect();
    assert!(missing.iter().all(|name| name.starts_with("remote.")), "{missing:?}");
}

#[test]
fn broker_configs_are_those_of_the_broker() {
    assert_eq!(disagreements(Scope::Broker, broker::CONFIGS), Vec::<String>::new());
}

#[test]
fn names_that_the_operator_sets_exist() {
    let all: Vec<&str> = names(Scope::Broker).collect();
    for managed in broker::MANAGED.iter().filter(|name| !name.starts_with("zookeeper")) {
        assert!(all.iter().any(|name| name.starts_with(managed)), "{managed}");
    }
}

fn names(scope: Scope) -> impl Iterator<Item = &'static str> {
    definitions(scope).filter(|definition| !definition.internal).map(|definition| definition.name)
}

/// Where a table and the definitions differ, in words.
fn disagreements(scope: Scope, table: &[(&str, Kind)]) -> Vec<String> {
    let differing = |(name, kind): &(&str, Kind)| match definition(scope, name) {
        None => Some(format!("{name} is not known to the broker")),
        Some(definition) if !agrees(*kind, definition) => {
            Some(format!("{name} is {kind:?}, the broker has {definition:?}"))
        }
        Some(_) => None,
    };
    table.iter().filter_map(differing).collect()
}

/// Whether a kind takes and refuses what the broker does, at its edges.
fn agrees(kind: Kind, definition: &ConfigDef) -> bool {
    let takes = |value: Value| definition.validator.accepts(&value);
    match (kind, definition.config_type) {
        (Kind::Whole(min, max), ConfigType::Short | ConfigType::Int | ConfigType::Long) => {
            let widest = match definition.config_type {
                ConfigType::Short => i64::from(i16::MIN)..=i64::from(i16::MAX),
                ConfigType::Int => i64::from(i32::MIN)..=i64::from(i32::MAX),
                _ => i64::MIN..=i64::MAX,
            };
            let within = |value: i64| widest.contains(&value) && takes(Value::Integer(value));
            let beyond = |value: Option<i64>| value.is_some_and(within);
            within(min) && within(max) && !beyond(min.checked_sub(1)) && !beyond(max.checked_add(1))
        }
        (Kind::Fraction, ConfigType::Double) => {
            takes(Value::Double(0.0))
                && takes(Value::Double(1.0))
                && !takes(Value::Double(-0.1))
                && !takes(Value::Double(1.1))
        }
        // What the tables leave to the broker may be of any type.
        (Kind::Boolean, ConfigType::Boolean) | (Kind::Text, _) => true,
        (Kind::OneOf(words), ConfigType::String | ConfigType::List) => {
            words.iter().all(|word| definition.config_type.parse(word).is_some_and(&takes))
        }
        _ => false,
    }
}

#[test]
fn every_other_broker_config_is_left_out_for_a_reason() {
    let ours: BTreeSet<&str> = broker::CONFIGS.iter().map(|(name, _)| *name).collect();
    let managed = |name: &str| broker::MANAGED.iter().any(|prefix| name.starts_with(prefix));
    let elsewhere = |name: &str| NOT_OFFERED.iter().any(|prefix| name.starts_with(prefix));
    let missing: Vec<&str> = names(Scope::Broker)
        .filter(|name| !ours.contains(name) && !managed(name) && !elsewhere(name))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
    assert!(broker::CONFIGS.iter().map(|(name, _)| *name).is_sorted());
}
