//! What wakes the workers of topics: the watches of KafkaTopics and KafkaClusters.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use barnabas_crds::{KafkaCluster, KafkaTopic};
use futures::stream::{SelectAll, StreamExt, select_all};
use futures::{Stream, TryStreamExt};
use kube::runtime::WatchStreamExt;
use kube::runtime::reflector::{self, Store, store::Writer};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::worker::{Key, Worker};
use crate::cluster::api;
use crate::event::Events;
use crate::metrics::Metrics;

/// What every worker needs.
pub struct Context {
    /// The API server.
    pub client: Client,
    /// Every KafkaTopic, as the watch knows it.
    pub topics: Store<KafkaTopic>,
    /// Every KafkaCluster.
    pub clusters: Store<KafkaCluster>,
    /// Where a cluster's brokers answer the operator, as `host:port`.
    pub bootstrap: Box<dyn Fn(&Key) -> String + Send + Sync>,
    /// Where acts are told.
    pub events: Events,
    /// Where they are counted.
    pub metrics: Metrics,
}

/// What of a topic decides whether there is something to do.
type Seen = (Option<i64>, bool, bool);

/// Reconciles topics until `stop` is done.
///
/// # Errors
/// A watch ended, which it never does by itself.
pub async fn run(
    client: Client,
    namespaces: &[Option<String>],
    bootstrap: Box<dyn Fn(&Key) -> String + Send + Sync>,
    (events, metrics): (Events, Metrics),
    stop: impl Future<Output = ()>,
) -> Result<(), watcher::Error> {
    let (clusters, cluster_writer) = reflector::store();
    let (topics, topic_writer) = reflector::store();
    let cluster_events = watch(&client, namespaces, cluster_writer);
    let topic_events = watch(&client, namespaces, topic_writer);
    let context = Arc::new(Context { client, topics, clusters, bootstrap, events, metrics });
    let mut workers = Workers { context, senders: BTreeMap::new(), seen: BTreeMap::new() };
    let mut cluster_events = pin!(cluster_events);
    let mut topic_events = pin!(topic_events);
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            event = cluster_events.try_next() => match event? {
                Some(event) => workers.cluster(&event),
                None => return Ok(()),
            },
            event = topic_events.try_next() => match event? {
                Some(event) => workers.topic(&event),
                None => return Ok(()),
            },
        }
    }
}

/// Watches a kind in all namespaces asked for, into one store, without what nobody reads.
fn watch<K>(
    client: &Client,
    namespaces: &[Option<String>],
    mut writer: Writer<K>,
) -> impl Stream<Item = Result<Event<K>, watcher::Error>> + Send + use<K>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug
        + Send
        + Sync
        + 'static,
{
    let one = |namespace: &Option<String>| {
        let config = watcher::Config::default().page_size(200);
        watcher(api::<K>(client, namespace.as_deref()), config).default_backoff().boxed()
    };
    let all: SelectAll<_> = select_all(namespaces.iter().map(one));
    let several = namespaces.len() > 1;
    all.map_ok(move |event| {
        let event = event.modify(trim);
        // The store takes a fresh list for the whole of it: with several watches, each list is
        // taken item by item.
        match event {
            Event::InitApply(object) if several => Event::Apply(object),
            other => other,
        }
    })
    .try_filter(move |event| {
        let skip = several && matches!(event, Event::Init | Event::InitDone);
        std::future::ready(!skip)
    })
    .inspect_ok(move |event| writer.apply_watcher_event(event))
    .inspect_err(|error| tracing::warn!(%error, "watch failed, trying again"))
    .filter(|event| std::future::ready(event.is_ok()))
}

fn trim<K: Resource>(object: &mut K) {
    object.meta_mut().managed_fields = None;
    let annotations = object.meta_mut().annotations.as_mut();
    annotations.map(|all| all.remove("kubectl.kubernetes.io/last-applied-configuration"));
}

struct Workers {
    context: Arc<Context>,
    senders: BTreeMap<Key, mpsc::UnboundedSender<String>>,
    seen: BTreeMap<(String, String), Seen>,
}

impl Workers {
    /// A cluster came or changed: its topics are looked at again.
    fn cluster(&mut self, event: &Event<KafkaCluster>) {
        let (Event::Apply(cluster) | Event::InitApply(cluster) | Event::Delete(cluster)) = event
        else {
            return;
        };
        let deleted =
            matches!(event, Event::Delete(_)) || cluster.metadata.deletion_timestamp.is_some();
        if !deleted {
            return;
        }
        // Topics that wait for a cluster that is gone are released at once.
        let namespace = cluster.namespace().unwrap_or_default();
        let name = cluster.name_any();
        let topics = self.context.topics.state_filter(|topic| {
            topic.spec.cluster_ref.name == name && topic.namespace().as_ref() == Some(&namespace)
        });
        for topic in topics {
            self.wake(&topic);
        }
    }

    fn topic(&mut self, event: &Event<KafkaTopic>) {
        match event {
            Event::Apply(topic) | Event::InitApply(topic) => {
                let key = (topic.namespace().unwrap_or_default(), topic.name_any());
                let seen = (
                    topic.metadata.generation,
                    topic.metadata.deletion_timestamp.is_some(),
                    topic.finalizers().is_empty(),
                );
                // The operator's own writes of statuses are not news.
                if self.seen.insert(key, seen) != Some(seen) {
                    self.wake(topic);
                }
            }
            Event::Delete(topic) => {
                self.seen.remove(&(topic.namespace().unwrap_or_default(), topic.name_any()));
            }
            Event::Init | Event::InitDone => {}
        }
        self.context.metrics.topics.set(i64::try_from(self.seen.len()).unwrap_or(i64::MAX));
    }

    fn wake(&mut self, topic: &KafkaTopic) {
        let key = Key {
            namespace: topic.namespace().unwrap_or_default(),
            cluster: topic.spec.cluster_ref.name.clone(),
        };
        let context = &self.context;
        let sender = self.senders.entry(key.clone()).or_insert_with(|| {
            let (sender, receiver) = mpsc::unbounded_channel();
            tokio::spawn(Worker::new(key, Arc::clone(context)).run(receiver));
            sender
        });
        // A worker ends only when its sender does.
        let _ = sender.send(topic.name_any());
    }
}
