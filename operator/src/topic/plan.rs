//! What to ask of Kafka for each topic: pure.

use std::collections::{BTreeMap, BTreeSet};

use barnabas_wire::{ErrorCode, Uuid};

use super::observe::Observed;
use super::placement::{self, Place};
use super::validate::{Topic, Wish};
use crate::kafka::{Assignment, ConfigChange, Configs, NewTopic, Partition, Refusal, TopicState};

const MIN_ISR: &str = "min.insync.replicas";
/// Configs that name the replicas of a topic that are throttled while they are not in sync.
const THROTTLED: [&str; 2] =
    ["leader.replication.throttled.replicas", "follower.replication.throttled.replicas"];
/// All of them.
const ALL: &str = "*";

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
        /// The replicas of the new ones; empty where the controllers place them.
        placed: Vec<Vec<i32>>,
        /// Configs to set and to unset.
        configs: ConfigChange,
        /// Replicas of partitions that have another number of them, or are elsewhere.
        replicas: Assignment,
    },
    /// Something has to come first that will come by itself.
    Wait {
        /// What, for programs.
        reason: &'static str,
        /// What, for people.
        message: String,
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
        Some(Err(refusal)) => return refused(refusal, observed),
        Some(Ok(state)) => Some(state),
        None => None,
    };
    match (topic.wish, state) {
        (Wish::Release, _) | (Wish::Delete, None) => Step::Release,
        (Wish::Delete, Some(state)) => Step::Delete(state.id),
        (Wish::Exist, None) => create(topic, observed),
        (Wish::Exist, Some(state)) => match observed.configs.get(&topic.name) {
            Some(Err(refusal)) => refused(refusal, observed),
            Some(Ok(configs)) => change(topic, state, configs, observed),
            // Deleted between two questions: the next pass creates it.
            None => Step::Nothing,
        },
    }
}

/// A step that Kafka refused: what to tell. What may succeed when it is tried again is waited for.
#[must_use]
pub fn refused(refusal: &Refusal, observed: &Observed) -> Step {
    let starting = observed.brokers.len() < observed.brokers_wanted;
    let passes = match refusal.code {
        ErrorCode::INVALID_REPLICATION_FACTOR => starting,
        // Somebody else was faster, or a broker went: the next pass plans from what is then.
        ErrorCode::TOPIC_ALREADY_EXISTS
        | ErrorCode::INVALID_REPLICA_ASSIGNMENT
        | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        | ErrorCode::UNKNOWN_TOPIC_ID => true,
        code => code.is_retriable(),
    };
    if passes {
        return Step::Wait { reason: "TryingAgain", message: refusal.to_string() };
    }
    Step::Stall { reason: reason(refusal.code), message: refusal.to_string() }
}

fn create(topic: &Topic, observed: &Observed) -> Step {
    let place = match place(topic, observed) {
        Ok(place) => place,
        Err(step) => return step,
    };
    if let Some(step) = too_few_brokers(topic, &place, observed) {
        return step;
    }
    Step::Create(NewTopic {
        name: topic.name.clone(),
        partitions: topic.partitions.unwrap_or(-1),
        replicas: topic.replicas.unwrap_or(-1),
        configs: topic.configs.clone(),
        assignment: added(topic, &[], topic.partitions, &place),
    })
}

/// The brokers that may have a topic, or why that cannot be said.
fn place(topic: &Topic, observed: &Observed) -> Result<Place, Step> {
    let Some(placement) = &topic.placement else {
        return Ok(Place::new(&observed.brokers, None, &BTreeSet::new()));
    };
    let pools = &observed.layout.pools;
    if let Some(unknown) = placement.pools.iter().find(|name| !pools.contains_key(*name)) {
        let known: Vec<&str> = pools.keys().map(String::as_str).collect();
        let message = format!(
            "the cluster has no node pool {unknown} with brokers: correct placement.pools, it has \
             {}",
            known.join(", ")
        );
        return Err(stall("UnknownPool", &message));
    }
    let members = placement.pools.iter().filter_map(|name| pools.get(name)).flatten();
    let members = (!placement.pools.is_empty()).then(|| members.copied().collect());
    Ok(Place::new(&observed.brokers, members, &placement.racks.iter().cloned().collect()))
}

/// The replicas of the partitions that a topic with a place of its own is to have more.
fn added(topic: &Topic, settled: &[Partition], total: Option<i32>, place: &Place) -> Vec<Vec<i32>> {
    let (Some(_), Some(total), Some(replicas)) = (&topic.placement, total, topic.replicas) else {
        return Vec::new();
    };
    let more = usize::try_from(total).unwrap_or_default().saturating_sub(settled.len());
    placement::added(settled, more, usize::from(replicas.unsigned_abs()), place).unwrap_or_default()
}

/// What is in the way of a topic that is to have more replicas than there are brokers for it.
fn too_few_brokers(topic: &Topic, place: &Place, observed: &Observed) -> Option<Step> {
    let replicas = usize::from(topic.replicas?.unsigned_abs());
    let serve = place.brokers().count();
    if replicas <= serve {
        return None;
    }
    let starting = observed.brokers.len() < observed.brokers_wanted;
    let wanted = if starting { place.size().unwrap_or(observed.brokers_wanted) } else { serve };
    Some(if replicas <= wanted {
        Step::Wait {
            reason: "WaitingForBrokers",
            message: format!("the topic is to have {replicas} replicas, {serve} brokers serve"),
        }
    } else {
        let whose = if topic.placement.is_some() { "its placement" } else { "the cluster" };
        stall(
            "NotEnoughBrokers",
            &format!(
                "the topic is to have {replicas} replicas and {whose} has {wanted} brokers: lower \
                 replicas, or add brokers"
            ),
        )
    })
}

fn change(topic: &Topic, state: &TopicState, configs: &Configs, observed: &Observed) -> Step {
    if state.internal {
        return stall("InternalTopic", "this is a topic of Kafka's own: choose another topicName");
    }
    let has = state.count();
    if let Some(partitions) = topic.partitions.filter(|partitions| *partitions < has) {
        return stall(
            "PartitionsCannotDecrease",
            &format!(
                "the topic has {has} partitions, the spec {partitions}, and Kafka cannot remove \
                 partitions: set partitions: {has}, or choose another topicName"
            ),
        );
    }
    let place = match place(topic, observed) {
        Ok(place) => place,
        Err(step) => return step,
    };
    let settled = settled(topic, state, observed);
    let Some(replicas) = replicas(topic, &settled, &place) else {
        return too_few_brokers(topic, &place, observed).unwrap_or(Step::Nothing);
    };
    let partitions = topic.partitions.filter(|partitions| *partitions > has);
    let placed = added(topic, &settled, partitions, &place);
    let under_way = observed.moves.get(&topic.name).is_some_and(|moves| !moves.is_empty());
    let throttle = (under_way || !replicas.is_empty()).then_some(observed.layout.throttled);
    let mut configs = config_change(&topic.configs, configs, throttle);
    // Replicas that are on their way do not count yet: nobody could produce until they are there.
    let coming = settled.iter().any(|p| p.replicas.iter().any(|id| !p.isr.contains(id)));
    let held_back = (coming || !replicas.is_empty()) && hold_back(&mut configs, state);
    if partitions.is_some() || !configs.is_empty() || !replicas.is_empty() {
        Step::Change { partitions, placed, configs, replicas }
    } else if held_back {
        let message = format!("{MIN_ISR} is set as soon as that many replicas are in sync");
        Step::Wait { reason: "MovingReplicas", message }
    } else {
        Step::Nothing
    }
}

/// The partitions with their replicas as they will be once what moves has arrived.
fn settled(topic: &Topic, state: &TopicState, observed: &Observed) -> Vec<Partition> {
    let moves = observed.moves.get(&topic.name);
    let settled = |partition: &Partition| {
        let target = moves.and_then(|moves| moves.get(&partition.index));
        let replicas = target.unwrap_or(&partition.replicas).clone();
        Partition { replicas, ..partition.clone() }
    };
    state.partitions.iter().map(settled).collect()
}

/// The new replicas of partitions; `None` if there are too few brokers for them.
fn replicas(topic: &Topic, settled: &[Partition], place: &Place) -> Option<Assignment> {
    let Some(wanted) = topic.replicas else { return Some(Assignment::new()) };
    placement::settle(settled, usize::from(wanted.unsigned_abs()), place)
}

/// Leaves `min.insync.replicas` for later while some partition has fewer in sync; says whether it
/// did.
fn hold_back(configs: &mut ConfigChange, state: &TopicState) -> bool {
    let in_sync = state.partitions.iter().map(|partition| partition.isr.len()).min().unwrap_or(0);
    let value = configs.get(MIN_ISR).and_then(Option::as_ref);
    let raised = value.and_then(|value| value.parse::<usize>().ok());
    let too_early = raised.is_some_and(|raised| raised > in_sync);
    too_early && configs.remove(MIN_ISR).is_some()
}

/// What turns the configs that a topic has into those that it should have. `throttle` says, while
/// replicas move, whether they are throttled.
fn config_change(wanted: &Configs, found: &Configs, throttle: Option<bool>) -> ConfigChange {
    let set = wanted.iter().filter(|(name, value)| found.get(*name) != Some(value));
    // Whose replicas are throttled is set by whoever moves them, and no drift.
    let strange = |name: &String| !wanted.contains_key(name) && !THROTTLED.contains(&&**name);
    let unset = found.keys().filter(|name| strange(name));
    let mut change: ConfigChange =
        set.map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
    change.extend(unset.map(|name| (name.clone(), None)));
    for name in THROTTLED.iter().filter(|name| !wanted.contains_key(**name)) {
        match (throttle, found.get(*name).map(String::as_str)) {
            (Some(true), None) => change.insert((*name).to_owned(), Some(ALL.to_owned())),
            (None, Some(ALL)) => change.insert((*name).to_owned(), None),
            _ => None,
        };
    }
    change
}

/// Whether a step does nothing but to begin or end the throttling of replicas.
#[must_use]
pub fn only_throttles(step: &Step) -> bool {
    let Step::Change { partitions: None, placed: _, configs, replicas } = step else {
        return false;
    };
    replicas.is_empty() && configs.keys().all(|name| THROTTLED.contains(&&**name))
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
    /// The replicas of new partitions that the controllers do not place.
    pub placed: BTreeMap<String, Vec<Vec<i32>>>,
    /// Changes of configs.
    pub configs: BTreeMap<String, ConfigChange>,
    /// New replicas of partitions.
    pub replicas: BTreeMap<String, Assignment>,
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
            Step::Change { partitions, placed, configs, replicas } => {
                if !placed.is_empty() {
                    requests.placed.insert(name.clone(), placed.clone());
                }
                if !replicas.is_empty() {
                    requests.replicas.insert(name.clone(), replicas.clone());
                }
                if let Some(total) = partitions {
                    requests.partitions.insert(name.clone(), *total);
                }
                if !configs.is_empty() {
                    requests.configs.insert(name.clone(), configs.clone());
                }
            }
            Step::Delete(id) => requests.delete.push((name.clone(), *id)),
            Step::Nothing | Step::Release | Step::Wait { .. } | Step::Stall { .. } => {}
        }
    }
    requests
}

#[cfg(test)]
pub(super) mod tests;
