//! One Kafka cluster's topics: passes over what changed, and over everything now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use barnabas_crds::cluster::{NodePool, Role};
use barnabas_crds::{KafkaCluster, KafkaTopic, KafkaTopicStatus};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::events::EventType;
use kube::runtime::reflector::ObjectRef;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::FINALIZER;
use super::apply::apply;
use super::controller::Context;
use super::observe::{Layout, Observed, moves, observe};
use super::plan::{self, Step};
use super::status;
use super::validate::{Topic, Wish, losers, validate};
use crate::MANAGER;
use crate::condition::Health;
use crate::kafka::{self, Admin};

/// How often everything is compared with Kafka: drift is reverted within this and a pass.
const FULL_PASS_EVERY: Duration = Duration::from_secs(3);
/// Changes that come together make one pass.
const LINGER: Duration = Duration::from_millis(5);
/// How late a pass over everything may be when there is news all the time.
const FULL_PASS_LATE_MAX: Duration = Duration::from_secs(10);
/// How long after a failure a pass is repeated.
const RETRY: Duration = Duration::from_secs(1);
/// How soon topics are looked at again that Kafka has not finished changing.
const RECHECK: Duration = Duration::from_millis(30);
/// How often at most, until the next news or pass over everything.
const RECHECKS_MAX: u8 = 20;
/// Most topics of a pass over changes, so that the first are ready early.
const PASS_MAX: usize = 500;
/// Statuses that are written at the same time.
const WRITES: usize = 16;

/// A Kafka cluster, by namespace and name of its KafkaCluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Namespace of the KafkaCluster and its topics.
    pub namespace: String,
    /// Name of the KafkaCluster.
    pub cluster: String,
}

/// Looks after one cluster's topics. Ends when `changed` is closed.
pub struct Worker {
    key: Key,
    context: Arc<Context>,
    admin: Admin,
    /// Statuses as written last, by uid: the watch lags behind.
    written: BTreeMap<String, KafkaTopicStatus>,
}

impl Worker {
    /// A worker of a cluster.
    #[must_use]
    pub fn new(key: Key, context: Arc<Context>) -> Self {
        let admin = Admin::new((context.bootstrap)(&key));
        Self { key, context, admin, written: BTreeMap::new() }
    }

    /// Works on the names that come through `changed`.
    pub async fn run(mut self, mut changed: mpsc::UnboundedReceiver<String>) {
        let mut dirty = BTreeSet::new();
        let mut full_pass_at = Instant::now();
        // Told once: a cluster that starts or stops is no news every second.
        let mut failing = false;
        // Passes that may follow at once to see a change through, such as the election of leaders.
        let mut rechecks = 0;
        loop {
            if dirty.is_empty() {
                tokio::select! {
                    name = changed.recv() => match name {
                        Some(name) => { dirty.insert(name); }
                        None => return,
                    },
                    () = tokio::time::sleep_until(full_pass_at) => {}
                }
                rechecks = RECHECKS_MAX;
                tokio::time::sleep(LINGER).await;
            }
            while let Ok(name) = changed.try_recv() {
                dirty.insert(name);
                rechecks = RECHECKS_MAX;
            }
            // News goes first, as long as that does not put off what others changed.
            let late = full_pass_at + FULL_PASS_LATE_MAX;
            let full = Instant::now() >= if dirty.is_empty() { full_pass_at } else { late };
            let topics = self.take(&mut dirty, full);
            let timer = self.context.metrics.topic_pass.start_timer();
            let pause = match self.pass(&topics, full).await {
                Ok(unsettled) => {
                    failing = false;
                    let again = !unsettled.is_empty() && rechecks > 0;
                    if again {
                        rechecks -= 1;
                        dirty.extend(unsettled);
                    }
                    again.then_some(RECHECK)
                }
                Err(error) => {
                    self.failed(&error, failing);
                    failing = true;
                    dirty.extend(topics.iter().map(|topic| topic.resource.name_any()));
                    Some(RETRY)
                }
            };
            timer.observe_duration();
            if full {
                full_pass_at = Instant::now() + FULL_PASS_EVERY;
            }
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
    }

    fn failed(&self, error: &Failure, known: bool) {
        self.context.metrics.failures.with_label_values(&["KafkaTopic"]).inc();
        if !known {
            let (cluster, namespace) = (&self.key.cluster, &self.key.namespace);
            tracing::warn!(cluster, namespace, %error, "pass over topics failed");
        }
    }

    /// The topics of the next pass: all, or as many of the changed ones as one pass takes.
    fn take(&self, dirty: &mut BTreeSet<String>, full: bool) -> Vec<Topic> {
        if full {
            dirty.clear();
            return self.resources().iter().map(validate).collect();
        }
        let mut topics = Vec::new();
        while topics.len() < PASS_MAX {
            let Some(name) = dirty.pop_first() else { break };
            let key = ObjectRef::new(&name).within(&self.key.namespace);
            topics.extend(self.context.topics.get(&key).map(|resource| validate(&resource)));
        }
        topics
    }

    fn resources(&self) -> Vec<Arc<KafkaTopic>> {
        self.context.topics.state_filter(|topic| {
            topic.spec.cluster_ref.name == self.key.cluster
                && topic.namespace().as_deref() == Some(self.key.namespace.as_str())
        })
    }

    /// One pass. Answers with the resources that Kafka has not finished changing.
    async fn pass(&mut self, topics: &[Topic], full: bool) -> Result<Vec<String>, Failure> {
        if full {
            let uids: BTreeSet<String> =
                topics.iter().filter_map(|topic| topic.resource.uid()).collect();
            self.written.retain(|uid, _| uids.contains(uid));
        }
        if topics.is_empty() {
            return Ok(Vec::new());
        }
        if !self.cluster_lives() {
            let health = Health::reconciling(
                "WaitingForCluster",
                format!("there is no KafkaCluster {} in this namespace", self.key.cluster),
            );
            self.settle_without_kafka(topics, &health, true).await?;
            return Ok(Vec::new());
        }
        match self.converge(topics).await {
            Ok(outcomes) => {
                let unsettled = outcomes.iter().filter(|outcome| outcome.unsettled());
                let names = unsettled.map(|outcome| outcome.topic.resource.name_any()).collect();
                self.settle(outcomes).await?;
                Ok(names)
            }
            Err(Failure::Kafka(error)) => {
                let cluster = &self.key.cluster;
                tracing::debug!(cluster, %error, "kafka does not answer");
                let message = format!("waiting for the brokers of KafkaCluster {cluster}");
                let health = Health::reconciling("WaitingForCluster", message);
                self.settle_without_kafka(topics, &health, false).await?;
                Err(error.into())
            }
            Err(error) => Err(error),
        }
    }

    fn cluster_lives(&self) -> bool {
        let cluster = self.cluster();
        cluster.is_some_and(|cluster| cluster.metadata.deletion_timestamp.is_none())
    }

    fn cluster(&self) -> Option<Arc<KafkaCluster>> {
        let key = ObjectRef::new(&self.key.cluster).within(&self.key.namespace);
        self.context.clusters.get(&key)
    }

    fn layout(&self) -> Layout {
        let Some(cluster) = self.cluster() else { return Layout::default() };
        let pools = cluster.spec.node_pools.iter();
        let brokers = pools.filter(|pool| pool.roles.contains(&Role::Broker));
        let ids = |pool: &NodePool| pool.first_node_id..pool.first_node_id + pool.replicas;
        Layout {
            pools: brokers.map(|pool| (pool.name.clone(), ids(pool).collect())).collect(),
            throttled: cluster.spec.replication_throttle.is_some(),
        }
    }

    /// Brings Kafka in line with the topics, and says how each stands.
    async fn converge(&self, topics: &[Topic]) -> Result<Vec<Outcome>, Failure> {
        let losers = losers(&self.resources());
        let owner = |topic: &Topic| losers.get(&topic.resource.uid().unwrap_or_default());
        let owned: Vec<&Topic> = topics.iter().filter(|topic| owner(topic).is_none()).collect();
        let mut observed = observe(&self.admin, &owned, self.layout()).await?;
        let mut steps: BTreeMap<String, Step> =
            owned.iter().map(|topic| (topic.name.clone(), plan::plan(topic, &observed))).collect();
        let requests = plan::gather(&steps);
        if requests != plan::Requests::default() {
            self.guard(&owned, &steps).await?;
            self.tell(topics, &steps).await;
            steps = self.change(&owned, &mut observed, (steps, requests)).await?;
        }
        let now = Timestamp::now();
        let outcome = |topic: &Topic| match owner(topic) {
            None => {
                let step = steps.get(&topic.name).cloned().unwrap_or(Step::Nothing);
                let status = status::status(topic, &observed, &step, now);
                Outcome { topic: topic.clone(), release: step == Step::Release, status }
            }
            Some(owner) => {
                let message = format!(
                    "topic {} belongs to KafkaTopic {owner}, which is older: delete this \
                     resource, or set another topicName in a new one",
                    topic.name
                );
                let health = Health::stalled("TopicTaken", message);
                let status = status::unknown(topic, &health, now);
                Outcome { topic: topic.clone(), release: topic.wish != Wish::Exist, status }
            }
        };
        Ok(topics.iter().map(outcome).collect())
    }

    /// Sends the requests, and answers with what each topic still needs after them.
    async fn change(
        &self,
        owned: &[&Topic],
        observed: &mut Observed,
        (before, requests): (BTreeMap<String, Step>, plan::Requests),
    ) -> Result<BTreeMap<String, Step>, kafka::Error> {
        let refusals = apply(&self.admin, requests).await?;
        let names: Vec<String> = owned.iter().map(|topic| topic.name.clone()).collect();
        observed.topics = self.admin.topics(Some(&names)).await?;
        observed.moves = moves(&self.admin, owned, &observed.topics).await?;
        let mut steps = BTreeMap::new();
        for topic in owned {
            let step = if let Some(refusal) = refusals.get(&topic.name) {
                plan::refused(refusal, observed)
            } else {
                // What was not refused is set; the next pass over everything looks.
                observed.set(&topic.name, before.get(&topic.name));
                plan::plan(topic, observed)
            };
            steps.insert(topic.name.clone(), step);
        }
        Ok(steps)
    }

    /// Puts the finalizer on resources whose topic goes with them, before there is a topic: nothing
    /// would delete it if the resource went first.
    async fn guard(&self, owned: &[&Topic], steps: &BTreeMap<String, Step>) -> kube::Result<()> {
        let api: Api<KafkaTopic> =
            Api::namespaced(self.context.client.clone(), &self.key.namespace);
        let created = owned.iter().filter(|topic| {
            matches!(steps.get(&topic.name), Some(Step::Create(_)))
                && topic.finalizer_change() == Some(true)
        });
        let writes: Vec<_> = created.map(|t| set_finalizer(&api, &t.resource, true)).collect();
        futures::stream::iter(writes).buffer_unordered(WRITES).try_collect().await
    }

    /// Counts and tells of topics that are set back to a spec that they had reached before.
    async fn tell(&self, topics: &[Topic], steps: &BTreeMap<String, Step>) {
        for topic in topics {
            let Some(step) = steps.get(&topic.name) else { continue };
            let resource = &*topic.resource;
            let before = resource.status.as_ref().and_then(|status| status.observed_generation);
            let reached = before == resource.metadata.generation && self.was_ready(topic);
            let (reason, note) = match step {
                Step::Change { .. } if reached && !plan::only_throttles(step) => {
                    self.context.metrics.drift_reverted.inc();
                    ("DriftReverted", "the topic was changed in Kafka: set back to the spec")
                }
                Step::Create(_) if reached => {
                    self.context.metrics.drift_reverted.inc();
                    ("DriftReverted", "the topic was deleted in Kafka: created again, empty")
                }
                Step::Delete(_) => ("Deleting", "deleting the topic and its records"),
                _ => continue,
            };
            tracing::info!(topic = topic.name, reason, "{note}");
            self.context.events.publish(resource, EventType::Normal, reason, note).await;
        }
    }

    fn was_ready(&self, topic: &Topic) -> bool {
        let status = topic.resource.uid().and_then(|uid| self.written.get(&uid));
        let status = status.or(topic.resource.status.as_ref());
        status.is_some_and(|status| {
            status.conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
        })
    }

    async fn settle_without_kafka(
        &mut self,
        topics: &[Topic],
        health: &Health,
        release: bool,
    ) -> Result<(), Failure> {
        let now = Timestamp::now();
        let outcome = |topic: &Topic| Outcome {
            topic: topic.clone(),
            release: topic.wish == Wish::Release || (release && topic.wish == Wish::Delete),
            status: status::unknown(topic, health, now),
        };
        self.settle(topics.iter().map(outcome).collect()).await
    }

    /// Writes what changed: finalizers first, then statuses.
    async fn settle(&mut self, outcomes: Vec<Outcome>) -> Result<(), Failure> {
        let api: Api<KafkaTopic> =
            Api::namespaced(self.context.client.clone(), &self.key.namespace);
        let changed = outcomes.into_iter().filter(|outcome| self.says_something_new(outcome));
        let writes = changed.map(|outcome| {
            let api = api.clone();
            async move { (write(&api, &outcome).await, outcome) }
        });
        let results: Vec<_> = futures::stream::iter(writes.collect::<Vec<_>>())
            .buffer_unordered(WRITES)
            .collect()
            .await;
        let mut failed = None;
        for (result, outcome) in results {
            match result {
                Ok(()) => {
                    let uid = outcome.topic.resource.uid().unwrap_or_default();
                    self.written.insert(uid, outcome.status);
                }
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    fn says_something_new(&self, outcome: &Outcome) -> bool {
        let resource = &outcome.topic.resource;
        if outcome.release {
            return resource.finalizers().iter().any(|finalizer| finalizer == FINALIZER);
        }
        let written = resource.uid().and_then(|uid| self.written.get(&uid));
        let said = written.or(resource.status.as_ref());
        outcome.topic.finalizer_change().is_some()
            || said.is_none_or(|said| !same(said, &outcome.status))
    }
}

/// How a topic stands after a pass.
struct Outcome {
    topic: Topic,
    /// Whether the resource may go.
    release: bool,
    status: KafkaTopicStatus,
}

impl Outcome {
    /// Whether Kafka needs no more than a moment.
    fn unsettled(&self) -> bool {
        !self.release && self.status.conditions.iter().any(|c| c.type_ == "Reconciling")
    }
}

/// Why a pass has to be repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The API server.
    #[error("kubernetes: {0}")]
    Kube(#[from] kube::Error),
    /// The Kafka cluster.
    #[error("kafka: {0}")]
    Kafka(#[from] kafka::Error),
}

/// Whether two statuses say the same; when they began to is left aside.
fn same(a: &KafkaTopicStatus, b: &KafkaTopicStatus) -> bool {
    let timeless = |status: &KafkaTopicStatus| {
        let mut status = status.clone();
        for condition in &mut status.conditions {
            condition.last_transition_time.0 = Timestamp::UNIX_EPOCH;
        }
        status
    };
    timeless(a) == timeless(b)
}

async fn write(api: &Api<KafkaTopic>, outcome: &Outcome) -> kube::Result<()> {
    let resource = &outcome.topic.resource;
    let name = resource.name_any();
    let change = if outcome.release { Some(false) } else { outcome.topic.finalizer_change() };
    if let Some(wanted) = change {
        set_finalizer(api, resource, wanted).await?;
    }
    if outcome.release {
        return Ok(());
    }
    // A merge: with many topics at once, an apply costs the API server several times as much.
    let patch = json!({"status": outcome.status});
    let manager = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    gone_is_fine(api.patch_status(&name, &manager, &Patch::Merge(&patch)).await)
}

async fn set_finalizer(
    api: &Api<KafkaTopic>,
    resource: &KafkaTopic,
    wanted: bool,
) -> kube::Result<()> {
    let others = resource.finalizers().iter().filter(|found| *found != FINALIZER);
    let mut finalizers: Vec<&str> = others.map(String::as_str).collect();
    if wanted {
        finalizers.push(FINALIZER);
    }
    let patch = json!({"metadata": {"finalizers": finalizers, "uid": resource.uid()}});
    let patched =
        api.patch(&resource.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await;
    gone_is_fine(patched)
}

/// A resource that is gone, or was made again, needs nothing any more.
fn gone_is_fine<K>(result: kube::Result<K>) -> kube::Result<()> {
    match result {
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        other => other.map(|_| ()),
    }
}
