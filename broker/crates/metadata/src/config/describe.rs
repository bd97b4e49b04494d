//! What DescribeConfigs answers: effective values, where they come from, and their synonyms.

use std::collections::BTreeMap;

use crate::image::ResourceConfigs;

use super::names::{TOPIC_SYNONYMS, broker_synonyms, topic_fallbacks};
use super::registry::{Scope, definition, definitions};
use super::{ConfigDef, Value};

/// The layers that a broker's configs come from, and below them the defaults.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    /// Dynamic configs of this broker.
    pub broker: &'a ResourceConfigs,
    /// Dynamic configs of all brokers.
    pub default_broker: &'a ResourceConfigs,
    /// The properties file and its overrides.
    pub file: &'a BTreeMap<String, String>,
}

/// Where a value comes from (Kafka: `DescribeConfigsResponse.ConfigSource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// The topic.
    Topic,
    /// Dynamic config of this broker.
    DynamicBroker,
    /// Dynamic config of all brokers.
    DynamicDefaultBroker,
    /// The properties file.
    StaticBroker,
    /// The default.
    Default,
    /// The group.
    Group,
}

/// A config as DescribeConfigs shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// Name.
    pub name: String,
    /// Effective value; none for null and for secrets.
    pub value: Option<String>,
    /// What is known about it; none for a stored config that is unknown.
    pub definition: Option<&'static ConfigDef>,
    /// Where the value comes from.
    pub source: ConfigSource,
    /// Whether only a restart changes it.
    pub read_only: bool,
    /// Everything that decides the value, the strongest first.
    pub synonyms: Vec<Synonym>,
}

/// One thing that decides a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// Config name.
    pub name: String,
    /// Value; none for null and for secrets.
    pub value: Option<String>,
    /// Where it is set.
    pub source: ConfigSource,
}

impl ConfigSource {
    /// The value in DescribeConfigs answers.
    #[must_use]
    pub fn wire_value(self) -> i8 {
        match self {
            Self::Topic => 1,
            Self::DynamicBroker => 2,
            Self::DynamicDefaultBroker => 3,
            Self::StaticBroker => 4,
            Self::Default => 5,
            Self::Group => 8,
        }
    }
}

impl Layers<'_> {
    /// Text and source of one broker config, without regard to its synonyms; none when its
    /// default is null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<(&str, ConfigSource)> {
        let dynamic = |layer: &ResourceConfigs| layer.contains_key(name);
        if dynamic(self.broker) {
            return Some((self.broker.get(name)?, ConfigSource::DynamicBroker));
        }
        if dynamic(self.default_broker) {
            return Some((self.default_broker.get(name)?, ConfigSource::DynamicDefaultBroker));
        }
        if let Some(value) = self.file.get(name) {
            return Some((value, ConfigSource::StaticBroker));
        }
        let default = definition(Scope::Broker, name)?.default?;
        Some((default, ConfigSource::Default))
    }

    /// Value of one broker config; none when it is null. A value that does not parse counts as
    /// not set: every layer was checked when it was written.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Value> {
        let definition = definition(Scope::Broker, name)?;
        definition.config_type.parse(self.get(name)?.0)
    }

    /// Value that a topic config has when the topic does not set it.
    #[must_use]
    pub fn topic_default(&self, name: &str) -> Option<Value> {
        let fallbacks = topic_fallbacks(name).iter();
        let inherited = fallbacks
            .filter_map(|(synonym, factor)| Some((self.value(synonym)?, *factor)))
            .map(|(value, factor)| scale(value, factor))
            .next();
        inherited.or_else(|| {
            let definition = definition(Scope::Topic, name)?;
            definition.config_type.parse(definition.default?)
        })
    }

    /// Every layer that sets any of `names`, the strongest first. As in Kafka, what is stronger
    /// than the first mention of `anchor` is left out.
    fn synonyms(&self, anchor: &str, names: &[&str]) -> Vec<Synonym> {
        let layers = [
            (self.broker, ConfigSource::DynamicBroker),
            (self.default_broker, ConfigSource::DynamicDefaultBroker),
            (self.file, ConfigSource::StaticBroker),
        ];
        let set = layers.into_iter().flat_map(|(layer, source)| {
            names.iter().filter_map(move |name| Some((*name, layer.get(*name)?.as_str(), source)))
        });
        let defaults = names.iter().filter_map(|name| {
            Some((*name, definition(Scope::Broker, name)?.default?, ConfigSource::Default))
        });
        set.chain(defaults)
            .skip_while(|(name, _, _)| *name != anchor)
            .map(|(name, value, source)| Synonym {
                name: name.to_owned(),
                value: (!is_sensitive(Scope::Broker, name)).then(|| value.to_owned()),
                source,
            })
            .collect()
    }
}

/// The broker configs that stand behind a topic config, the strongest first.
pub fn topic_synonyms(name: &str) -> impl Iterator<Item = &'static str> {
    topic_fallbacks(name).iter().map(|(synonym, _)| *synonym)
}

/// Every config of a topic, in name order.
#[must_use]
pub fn describe_topic(overrides: &ResourceConfigs, layers: Layers<'_>) -> Vec<Described> {
    let mut described: Vec<Described> = visible(Scope::Topic, overrides)
        .map(|definition| {
            let name = definition.name;
            let anchor = TOPIC_SYNONYMS.iter().find(|(topic, _)| *topic == name);
            let anchor = anchor.and_then(|(_, synonyms)| synonyms.first());
            let inherited = anchor.map_or_else(Vec::new, |(anchor, _)| {
                layers.synonyms(anchor, &broker_synonyms(anchor))
            });
            let default = layers.topic_default(name);
            overridden(definition, overrides, ConfigSource::Topic, inherited, default)
        })
        .collect();
    described.extend(unknown(Scope::Topic, overrides, ConfigSource::Topic));
    described.sort_by(|a, b| a.name.cmp(&b.name));
    described
}

/// Every config of a group, in name order.
#[must_use]
pub fn describe_group(overrides: &ResourceConfigs, layers: Layers<'_>) -> Vec<Described> {
    let mut described: Vec<Described> = visible(Scope::Group, overrides)
        .map(|group| {
            let synonym = format!("group.{}", group.name);
            let synonym = definition(Scope::Broker, &synonym).map(|broker| broker.name);
            let inherited = synonym.map_or_else(Vec::new, |name| layers.synonyms(name, &[name]));
            let default = synonym
                .and_then(|name| layers.value(name))
                .or_else(|| group.config_type.parse(group.default?));
            overridden(group, overrides, ConfigSource::Group, inherited, default)
        })
        .collect();
    described.extend(unknown(Scope::Group, overrides, ConfigSource::Group));
    described.sort_by(|a, b| a.name.cmp(&b.name));
    described
}

/// Every config of a broker, in name order.
#[must_use]
pub fn describe_broker(layers: Layers<'_>) -> Vec<Described> {
    let mut set = layers.file.clone();
    set.extend(layers.default_broker.clone());
    set.extend(layers.broker.clone());
    let mut described: Vec<Described> = visible(Scope::Broker, &set)
        .map(|definition| {
            let name = definition.name;
            let value = layers.value(name).map(|value| value.to_string());
            described_broker(name, Some(definition), value, layers)
        })
        .collect();
    let extra = set.iter().filter(|(name, _)| definition(Scope::Broker, name).is_none());
    described.extend(extra.map(|(name, value)| {
        let definition = super::alter::find(Scope::Broker, name).ok();
        described_broker(name, definition, Some(value.clone()), layers)
    }));
    described.sort_by(|a, b| a.name.cmp(&b.name));
    described
}

/// The dynamic configs of all brokers, in name order.
#[must_use]
pub fn describe_default_broker(layers: Layers<'_>) -> Vec<Described> {
    let set = layers.default_broker.iter();
    set.map(|(name, value)| {
        let definition = super::alter::find(Scope::Broker, name).ok();
        let mut described = described_broker(name, definition, Some(value.clone()), layers);
        described.synonyms.retain(|s| s.source == ConfigSource::DynamicDefaultBroker);
        described.source = ConfigSource::DynamicDefaultBroker;
        described
    })
    .collect()
}

fn described_broker(
    name: &str,
    definition: Option<&'static ConfigDef>,
    value: Option<String>,
    layers: Layers<'_>,
) -> Described {
    let synonyms = layers.synonyms(name, &broker_synonyms(name));
    // A config that nobody knows may hold anything: show it to nobody.
    let sensitive = definition.is_none_or(ConfigDef::is_sensitive);
    Described {
        name: name.to_owned(),
        value: value.filter(|_| !sensitive),
        definition,
        source: synonyms.first().map_or(ConfigSource::Default, |synonym| synonym.source),
        read_only: !definition.is_some_and(ConfigDef::is_dynamic),
        synonyms,
    }
}

fn overridden(
    definition: &'static ConfigDef,
    overrides: &ResourceConfigs,
    source: ConfigSource,
    mut synonyms: Vec<Synonym>,
    default: Option<Value>,
) -> Described {
    let set = overrides.get(definition.name);
    let value = match set {
        Some(text) => definition.config_type.parse(text),
        None => default,
    };
    let value = value.map(|value| value.to_string()).filter(|_| !definition.is_sensitive());
    if set.is_some() {
        let own = Synonym { name: definition.name.to_owned(), value: value.clone(), source };
        synonyms.insert(0, own);
    }
    Described {
        name: definition.name.to_owned(),
        value,
        definition: Some(definition),
        source: synonyms.first().map_or(ConfigSource::Default, |synonym| synonym.source),
        read_only: false,
        synonyms,
    }
}

/// The definitions that are shown: internal ones only when they are set.
fn visible(
    scope: Scope,
    set: &BTreeMap<String, String>,
) -> impl Iterator<Item = &'static ConfigDef> {
    definitions(scope)
        .filter(move |definition| !definition.internal || set.contains_key(definition.name))
}

/// Stored configs that nobody knows: their values are shown to nobody.
fn unknown(
    scope: Scope,
    overrides: &ResourceConfigs,
    source: ConfigSource,
) -> impl Iterator<Item = Described> {
    let unknown = overrides.keys().filter(move |name| definition(scope, name).is_none());
    unknown.map(move |name| Described {
        name: name.clone(),
        value: None,
        definition: None,
        source,
        read_only: false,
        synonyms: vec![Synonym { name: name.clone(), value: None, source }],
    })
}

fn scale(value: Value, factor: i64) -> Value {
    match value {
        Value::Integer(number) if number < 0 => Value::Integer(-1),
        Value::Integer(number) => Value::Integer(number.saturating_mul(factor)),
        other => other,
    }
}

fn is_sensitive(scope: Scope, name: &str) -> bool {
    definition(scope, name).is_none_or(ConfigDef::is_sensitive)
}
