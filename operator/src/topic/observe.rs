//! Reads topics from Kafka. Only here, and nothing is decided here.

use std::collections::{BTreeMap, BTreeSet};

use super::placement::Brokers;
use super::plan::Step;
use super::validate::Topic;
use crate::kafka::{Admin, Answers, Assignment, Configs, Error, TopicState};

/// Most topics whose configs are asked for in one request, which bounds its answer.
const CONFIGS_MAX: usize = 500;

/// Topics as Kafka has them.
#[derive(Debug, Default)]
pub struct Observed {
    /// What exists; absent is what does not.
    pub topics: Answers<TopicState>,
    /// The configs that are set on those.
    pub configs: Answers<Configs>,
    /// Where replicas are going, of partitions that do not have as many as they should.
    pub moves: BTreeMap<String, Assignment>,
    /// Brokers that serve, with their racks.
    pub brokers: Brokers,
    /// How many brokers there are to be.
    pub brokers_wanted: usize,
    /// What the cluster's spec says of where topics may be, and how they move.
    pub layout: Layout,
}

/// What of a cluster's spec concerns the places of topics.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Ids of the brokers of each node pool that has any.
    pub pools: BTreeMap<String, BTreeSet<i32>>,
    /// Whether there is a limit for replicas that move.
    pub throttled: bool,
}

impl Observed {
    /// Takes the configs of a topic for those that a step has set.
    pub fn set(&mut self, name: &str, step: Option<&Step>) {
        let configs = self.configs.entry(name.to_owned()).or_insert_with(|| Ok(Configs::new()));
        match (configs, step) {
            (Ok(configs), Some(Step::Create(topic))) => configs.clone_from(&topic.configs),
            (Ok(configs), Some(Step::Change { configs: change, .. })) => {
                for (name, value) in change {
                    match value {
                        Some(value) => configs.insert(name.clone(), value.clone()),
                        None => configs.remove(name),
                    };
                }
            }
            _ => {}
        }
    }
}

/// Reads the topics that there are to be.
///
/// # Errors
/// The cluster did not answer.
pub async fn observe(admin: &Admin, wanted: &[&Topic], layout: Layout) -> Result<Observed, Error> {
    if wanted.is_empty() {
        return Ok(Observed::default());
    }
    let names: Vec<String> = wanted.iter().map(|topic| topic.name.clone()).collect();
    let topics = admin.topics(Some(&names)).await?;
    let found: Vec<String> =
        topics.iter().filter(|(_, state)| state.is_ok()).map(|(name, _)| name.clone()).collect();
    let mut configs = BTreeMap::new();
    for chunk in found.chunks(CONFIGS_MAX) {
        configs.extend(admin.configs(chunk).await?);
    }
    let brokers = admin.brokers().await?;
    let moves = moves(admin, wanted, &topics).await?;
    let brokers_wanted = layout.pools.values().map(BTreeSet::len).sum();
    Ok(Observed { topics, configs, moves, brokers, brokers_wanted, layout })
}

/// Reads where replicas are going.
///
/// # Errors
/// The cluster did not answer.
pub async fn moves(
    admin: &Admin,
    wanted: &[&Topic],
    topics: &Answers<TopicState>,
) -> Result<BTreeMap<String, Assignment>, Error> {
    let mut unlike: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for topic in wanted {
        let (Some(replicas), Some(Ok(state))) = (topic.replicas, topics.get(&topic.name)) else {
            continue;
        };
        let replicas = usize::from(replicas.unsigned_abs());
        let unlike_spec = state.partitions.iter().filter(|partition| {
            partition.replicas.len() != replicas || partition.under_replicated()
        });
        let indexes: Vec<i32> = unlike_spec.map(|partition| partition.index).collect();
        if !indexes.is_empty() {
            unlike.insert(topic.name.clone(), indexes);
        }
    }
    if unlike.is_empty() {
        return Ok(BTreeMap::new());
    }
    match admin.reassignments(&unlike).await {
        // Brokers that cannot move replicas are not moving any.
        Err(Error::Unsupported(_)) => Ok(BTreeMap::new()),
        other => other,
    }
}
