//! How a topic stands after a pass: pure.

use barnabas_crds::KafkaTopicStatus;
use jiff::Timestamp;

use super::observe::Observed;
use super::plan::Step;
use super::validate::Topic;
use crate::condition::Health;

/// How a topic stands when nothing of it is known: `health` says why.
#[must_use]
pub fn unknown(topic: &Topic, health: &Health, now: Timestamp) -> KafkaTopicStatus {
    with_conditions(topic.resource.status.clone().unwrap_or_default(), topic, health, now)
}

/// How a topic stands. `step` is what it still needs after the pass.
#[must_use]
pub fn status(topic: &Topic, observed: &Observed, step: &Step, now: Timestamp) -> KafkaTopicStatus {
    let state = observed.topics.get(&topic.name).and_then(|state| state.as_ref().ok());
    let health = match step {
        Step::Stall { reason, message } => Health::stalled(reason.clone(), message.clone()),
        Step::Create(_) => Health::reconciling("Creating", "the topic is being created"),
        Step::Change { .. } => Health::reconciling("Changing", "the topic is being changed"),
        Step::Delete(_) | Step::Release => {
            Health::reconciling("Deleting", "the resource is being deleted")
        }
        Step::Nothing => match state {
            None => Health::reconciling("Creating", "the topic is being created"),
            Some(state) if state.offline > 0 => Health::reconciling(
                "PartitionsOffline",
                format!("{} of {} partitions have no leader", state.offline, state.partitions),
            ),
            Some(_) => Health::ready("InSync", "the topic is as the spec says"),
        },
    };
    let status = KafkaTopicStatus {
        topic_name: Some(topic.name.clone()),
        topic_id: state.map(|state| state.id.to_string()),
        partitions: state.map(|state| state.partitions),
        replicas: state.map(|state| i32::from(state.replicas)),
        ..KafkaTopicStatus::default()
    };
    with_conditions(status, topic, &health, now)
}

fn with_conditions(
    mut status: KafkaTopicStatus,
    topic: &Topic,
    health: &Health,
    now: Timestamp,
) -> KafkaTopicStatus {
    let before = topic.resource.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let generation = topic.resource.metadata.generation;
    status.observed_generation = generation;
    status.conditions = health.conditions(before, generation, now);
    status
}

#[cfg(test)]
mod tests;
