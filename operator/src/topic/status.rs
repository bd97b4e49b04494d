//! How a topic stands after a pass: pure.

use barnabas_crds::KafkaTopicStatus;
use jiff::Timestamp;

use super::observe::Observed;
use super::plan::Step;
use super::validate::Topic;
use crate::condition::Health;
use crate::kafka::{Assignment, Partition, TopicState};

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
        Step::Wait { reason, message } => Health::reconciling(reason, message.clone()),
        Step::Create(_) => Health::reconciling("Creating", "the topic is being created"),
        Step::Change { .. } => Health::reconciling("Changing", "the topic is being changed"),
        Step::Delete(_) | Step::Release => {
            Health::reconciling("Deleting", "the resource is being deleted")
        }
        Step::Nothing => match state {
            None => Health::reconciling("Creating", "the topic is being created"),
            Some(state) => as_specified(state, observed.moves.get(&topic.name)),
        },
    };
    let status = KafkaTopicStatus {
        topic_name: Some(topic.name.clone()),
        topic_id: state.map(|state| state.id.to_string()),
        partitions: state.map(TopicState::count),
        replicas: state.map(TopicState::replicas),
        under_replicated: state.map(|state| state.count_of(Partition::under_replicated)),
        ..KafkaTopicStatus::default()
    };
    with_conditions(status, topic, &health, now)
}

/// How a topic stands that nothing has to be asked of Kafka for.
fn as_specified(state: &TopicState, moves: Option<&Assignment>) -> Health {
    let total = state.count();
    let offline = state.count_of(|partition| partition.leader.is_none());
    if offline > 0 {
        let message = format!("{offline} of {total} partitions have no leader");
        return Health::reconciling("PartitionsOffline", message);
    }
    if let Some(moves) = moves.filter(|moves| !moves.is_empty()) {
        let message = format!("replicas of {} of {total} partitions are moving", moves.len());
        return Health {
            ready: (true, "InSync"),
            ..Health::reconciling("MovingReplicas", message)
        };
    }
    match state.count_of(Partition::under_replicated) {
        0 => Health::ready("InSync", "the topic is as the spec says"),
        short => {
            let message = format!("{short} of {total} partitions have replicas out of sync");
            Health::ready("InSync", message)
        }
    }
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
