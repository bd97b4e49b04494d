//! Kafka configs as fields of a resource: any known name, numbers written as numbers or quoted.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub mod broker;
pub mod definition;
mod rules;
pub mod topic;

/// Most configs that one resource may set.
pub const CONFIGS_MAX: usize = 100;

/// Kafka configs by name.
pub type Configs = BTreeMap<String, ConfigValue>;

/// A config's value: a whole number, or any text in quotes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ConfigValue {
    /// A whole number.
    Number(i64),
    /// Text, as Kafka would read it from a properties file.
    Text(String),
}

impl fmt::Display for ConfigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Schema of `KafkaCluster.spec.config`.
pub(crate) fn broker_configs(_: &mut SchemaGenerator) -> Schema {
    configs(&rules::rules("broker", broker::CONFIGS, broker::MANAGED))
}

/// Schema of `KafkaTopic.spec.config`.
pub(crate) fn topic_configs(_: &mut SchemaGenerator) -> Schema {
    configs(&rules::rules("topic", topic::CONFIGS, &[]))
}

fn configs(rules: &[serde_json::Value]) -> Schema {
    schemars::json_schema!({
        "type": "object",
        "additionalProperties": json!({"x-kubernetes-int-or-string": true}),
        "maxProperties": CONFIGS_MAX,
        "x-kubernetes-validations": rules,
    })
}
