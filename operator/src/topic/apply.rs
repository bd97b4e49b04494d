//! Carries out the steps of many topics.

use std::collections::BTreeMap;

use super::plan::Requests;
use crate::kafka::{Admin, Answers, Error, Refusal};

/// Most topics in one request that changes something.
const CHANGES_MAX: usize = 200;

/// Sends the requests. Answers with the topics that Kafka refused something for.
///
/// # Errors
/// The cluster did not answer; some requests may have been carried out.
pub async fn apply(admin: &Admin, requests: Requests) -> Result<BTreeMap<String, Refusal>, Error> {
    let mut refusals = BTreeMap::new();
    for topics in requests.create.chunks(CHANGES_MAX) {
        collect(&mut refusals, admin.create_topics(topics).await?);
    }
    for totals in in_parts(requests.partitions) {
        collect(&mut refusals, admin.create_partitions(&totals, &requests.placed).await?);
    }
    for changes in in_parts(requests.configs) {
        collect(&mut refusals, admin.alter_configs(&changes).await?);
    }
    for topics in in_parts(requests.replicas) {
        collect(&mut refusals, admin.reassign(&topics).await?);
    }
    for topics in requests.delete.chunks(CHANGES_MAX) {
        collect(&mut refusals, admin.delete_topics(topics).await?);
    }
    Ok(refusals)
}

fn collect<T>(refusals: &mut BTreeMap<String, Refusal>, answers: Answers<T>) {
    refusals.extend(answers.into_iter().filter_map(|(name, answer)| Some((name, answer.err()?))));
}

fn in_parts<T>(mut all: BTreeMap<String, T>) -> Vec<BTreeMap<String, T>> {
    let mut parts = Vec::new();
    while let Some(split) = all.keys().nth(CHANGES_MAX).cloned() {
        let rest = all.split_off(&split);
        parts.push(std::mem::replace(&mut all, rest));
    }
    if !all.is_empty() {
        parts.push(all);
    }
    parts
}
