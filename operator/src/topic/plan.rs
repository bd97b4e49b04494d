//! What to ask of Kafka for each topic: pure.

use std::collections::BTreeMap;

use barnabas_wire::{ErrorCode, Uuid};

use super::observe::Observed;
use super::validate::{Topic, Wish};
use crate::kafka::{ConfigChange, Configs, NewTopic, Refusal, TopicState};

/// What one topic needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is as its spec says.
    Nothing,
    /// It does not exist yet.
    Create(NewTopic),
    /// It differs from its spec.
    Change {
        /// The new total of partitions.
        partitions: Option<i32>,
        /// Configs to set and to unset.
        configs: ConfigChange,
    },
    /// It goes with its resource.
    Delete(Uuid),
    /// Its resource goes: nothing is left to do in Kafka.
    Release,
    /// Somebody has to change something.
    Stall {
        /// Why, for programs.
        reason: String,
        /// Why and what to do, for people.
        message: String,
    },
}

/// The next step of a topic.
#[must_use]
pub fn plan(topic: &Topic, observed: &Observed) -> Step {
    let state = match observed.topics.get(&topic.name) {
        Some(Err(refusal)) => return refused(refusal),
        Some(Ok(state)) => Some(state),
        None => None,
    };
    match (topic.wish, state) {
        (Wish::Release, _) | (Wish::Delete, None) => Step::Release,
        (Wish::Delete, Some(state)) => Step::Delete(state.id),
        (Wish::Exist, None) => Step::Create(NewTopic {
            name: topic.name.clone(),
            partitions: topic.partitions.unwrap_or(-1),
            replicas: topic.replicas.unwrap_or(-1),
            configs: topic.configs.clone(),
        }),
        (Wish::Exist, Some(state)) => match observed.configs.get(&topic.name) {
            Some(Err(refusal)) => refused(refusal),
            Some(Ok(configs)) => change(topic, state, configs),
            // Deleted between two questions: the next pass creates it.
            None => Step::Nothing,
        },
    }
}

/// A step that Kafka refused: what to tell.
#[must_use]
pub fn refused(refusal: &Refusal) -> Step {
    Step::Stall { reason: reason(refusal.code), message: refusal.to_string() }
}

fn change(topic: &Topic, state: &TopicState, configs: &Configs) -> Step {
    if state.internal {
        return stall("InternalTopic", "this is a topic of Kafka's own: choose another topicName");
    }
    if let Some(replicas) = topic.replicas.filter(|replicas| *replicas != state.replicas) {
        let has = state.replicas;
        return stall(
            "ReplicasDiffer",
            &format!(
                "the topic has {has} replicas, the spec {replicas}, and this version does not \
                 move replicas: set replicas: {has}, or leave it out"
            ),
        );
    }
    if let Some(partitions) = topic.partitions.filter(|partitions| *partitions < state.partitions) {
        let has = state.partitions;
        return stall(
            "PartitionsCannotDecrease",
            &format!(
                "the topic has {has} partitions, the spec {partitions}, and Kafka cannot remove \
                 partitions: set partitions: {has}, or choose another topicName"
            ),
        );
    }
    let partitions = topic.partitions.filter(|partitions| *partitions > state.partitions);
    let configs = config_change(&topic.configs, configs);
    if partitions.is_none() && configs.is_empty() {
        Step::Nothing
    } else {
        Step::Change { partitions, configs }
    }
}

/// What turns the configs that a topic has into those that it should have.
fn config_change(wanted: &Configs, found: &Configs) -> ConfigChange {
    let set = wanted.iter().filter(|(name, value)| found.get(*name) != Some(value));
    let unset = found.keys().filter(|name| !wanted.contains_key(*name));
    let mut change: ConfigChange =
        set.map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
    change.extend(unset.map(|name| (name.clone(), None)));
    change
}

fn stall(reason: &str, message: &str) -> Step {
    Step::Stall { reason: reason.to_owned(), message: message.to_owned() }
}

/// The reason of a condition from Kafka's error name: `INVALID_CONFIG` is `InvalidConfig`.
fn reason(code: ErrorCode) -> String {
    let words = code.to_string();
    let camel: String = words
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + &rest.to_lowercase()
        })
        .collect();
    if camel.starts_with(|c: char| c.is_ascii_alphabetic()) { camel } else { "Refused".to_owned() }
}

/// The steps of many topics, gathered into one request of each kind.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Topics to create.
    pub create: Vec<NewTopic>,
    /// New totals of partitions.
    pub partitions: BTreeMap<String, i32>,
    /// Changes of configs.
    pub configs: BTreeMap<String, ConfigChange>,
    /// Topics to delete.
    pub delete: Vec<(String, Uuid)>,
}

/// Gathers steps into requests.
#[must_use]
pub fn gather(steps: &BTreeMap<String, Step>) -> Requests {
    let mut requests = Requests::default();
    for (name, step) in steps {
        match step {
            Step::Create(topic) => requests.create.push(topic.clone()),
            Step::Change { partitions, configs } => {
                if let Some(total) = partitions {
                    requests.partitions.insert(name.clone(), *total);
                }
                if !configs.is_empty() {
                    requests.configs.insert(name.clone(), configs.clone());
                }
            }
            Step::Delete(id) => requests.delete.push((name.clone(), *id)),
            Step::Nothing | Step::Release | Step::Stall { .. } => {}
        }
    }
    requests
}

#[cfg(test)]
pub(super) mod tests;
