//! Reads topics from Kafka. Only here, and nothing is decided here.

use std::collections::BTreeMap;

use crate::kafka::{Admin, Answers, Configs, Error, TopicState};

/// Most topics whose configs are asked for in one request, which bounds its answer.
const CONFIGS_MAX: usize = 500;

/// Topics as Kafka has them.
#[derive(Debug, Default)]
pub struct Observed {
    /// What exists; absent is what does not.
    pub topics: Answers<TopicState>,
    /// The configs that are set on those.
    pub configs: Answers<Configs>,
}

/// Reads the topics of these names.
///
/// # Errors
/// The cluster did not answer.
pub async fn observe(admin: &Admin, names: &[String]) -> Result<Observed, Error> {
    if names.is_empty() {
        return Ok(Observed::default());
    }
    let topics = admin.topics(Some(names)).await?;
    let found: Vec<String> =
        topics.iter().filter(|(_, state)| state.is_ok()).map(|(name, _)| name.clone()).collect();
    let mut configs = BTreeMap::new();
    for chunk in found.chunks(CONFIGS_MAX) {
        configs.extend(admin.configs(chunk).await?);
    }
    Ok(Observed { topics, configs })
}
