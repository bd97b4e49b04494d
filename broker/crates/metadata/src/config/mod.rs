//! Definitions of topic, broker and group configs, and what a value must be.
//!
//! Names, types, defaults, bounds and update modes are those of Apache Kafka 4.3.1. A config
//! that this broker cannot honour is known all the same, so that it is described as Kafka
//! describes it, and refused when it is set: see [`Support`].

mod alter;
mod broker;
mod define;
mod definition;
mod describe;
mod error;
mod group;
mod listener;
mod names;
mod nearest;
mod registry;
mod topic;
mod topic_config;
mod validator;
mod value;

#[cfg(test)]
mod tests;

pub use alter::{AlterOp, Alteration, alter, check, check_dynamic};
pub use definition::{ConfigDef, Importance, Support, UpdateMode};
pub use describe::{ConfigSource, Described, Layers, Synonym, topic_synonyms};
pub use describe::{describe_broker, describe_default_broker, describe_group, describe_topic};
pub use error::ConfigError;
pub use listener::{ListenerPrefix, split_listener_prefix};
pub use names::broker_synonyms;
pub use registry::{Scope, definition, definitions, lookup};
pub use topic_config::{
    CleanupPolicy, Compression, ThrottledReplicas, TimestampType, TopicConfig, check_topic,
};
pub use validator::Validator;
pub use value::{ConfigType, Value};

/// Longest value of a dynamic config, in bytes (Kafka: `ConfigurationControlManager`).
pub const MAX_VALUE_LEN: usize = 32_767;
