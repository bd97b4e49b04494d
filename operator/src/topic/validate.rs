//! Raw resources in, typed topics out, each Kafka topic with one owner.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use barnabas_crds::{DeletionPolicy, KafkaTopic, Placement};
use kube::ResourceExt;

use super::FINALIZER;
use crate::kafka::Configs;

/// A topic as its spec wants it.
#[derive(Clone, Debug)]
pub struct Topic {
    /// The resource, for its status and metadata.
    pub resource: Arc<KafkaTopic>,
    /// Name in Kafka.
    pub name: String,
    /// Number of partitions, if managed.
    pub partitions: Option<i32>,
    /// Replication factor, if managed.
    pub replicas: Option<i16>,
    /// Which brokers have it, if not any.
    pub placement: Option<Placement>,
    /// Configs set on the topic itself.
    pub configs: Configs,
    /// What is to become of it.
    pub wish: Wish,
}

/// What is to become of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is to be as the spec says.
    Exist,
    /// The resource goes, the topic stays.
    Release,
    /// The resource goes, and the topic with it.
    Delete,
}

impl Topic {
    /// Whether the resource has to carry the finalizer, when it does not go as it should.
    #[must_use]
    pub fn finalizer_change(&self) -> Option<bool> {
        let wanted = self.wish == Wish::Exist
            && self.resource.spec.deletion_policy == DeletionPolicy::Delete;
        let found = self.resource.finalizers().iter().any(|finalizer| finalizer == FINALIZER);
        (self.wish == Wish::Exist && wanted != found).then_some(wanted)
    }
}

/// The typed form of a resource.
#[must_use]
pub fn validate(resource: &Arc<KafkaTopic>) -> Topic {
    let spec = &resource.spec;
    let wish = match (&resource.metadata.deletion_timestamp, spec.deletion_policy) {
        (None, _) => Wish::Exist,
        (Some(_), DeletionPolicy::Retain) => Wish::Release,
        (Some(_), DeletionPolicy::Delete) => Wish::Delete,
    };
    Topic {
        resource: Arc::clone(resource),
        name: resource.topic_name().to_owned(),
        partitions: spec.partitions,
        replicas: spec.replicas.map(|replicas| i16::try_from(replicas).unwrap_or(i16::MAX)),
        placement: spec.placement.clone(),
        configs: spec
            .config
            .iter()
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect(),
        wish,
    }
}

/// Resources whose Kafka topic an older resource has, by uid, with the older one's name.
#[must_use]
pub fn losers(resources: &[Arc<KafkaTopic>]) -> BTreeMap<String, String> {
    let mut by_age: Vec<&Arc<KafkaTopic>> = resources.iter().collect();
    by_age.sort_by_key(|topic| (topic.creation_timestamp(), topic.name_any()));
    let mut owners: BTreeMap<&str, String> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut losers = BTreeMap::new();
    for topic in by_age {
        if seen.insert(topic.topic_name()) {
            owners.insert(topic.topic_name(), topic.name_any());
        } else {
            let owner = owners.get(topic.topic_name()).cloned().unwrap_or_default();
            losers.insert(topic.uid().unwrap_or_default(), owner);
        }
    }
    losers
}
