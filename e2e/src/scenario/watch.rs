//! Every state that objects went through, not only those that a look now and then would find.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::pin::pin;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use barnabas_crds::KafkaCluster;
use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::core::NamespaceResourceScope;
use kube::runtime::watcher::{self, Event};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::ensure;
use crate::failure::{Context, Failure, Result};
use crate::kubernetes::Kubernetes;

/// How long the first list may take.
const BEGUN_MAX: Duration = Duration::from_secs(30);

/// A state of an object.
#[derive(Clone, Debug)]
pub struct Change<K> {
    /// When it was seen.
    pub at: Instant,
    /// The object; if it is gone, as it was last.
    pub object: K,
    /// Whether it is gone.
    pub is_gone: bool,
}

/// A watch that goes on.
pub struct Watch<K> {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<Vec<Change<K>>>>,
}

impl<K> Watch<K>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + 'static,
    K::DynamicType: Default,
{
    /// Watches the objects of a namespace that have these labels, and returns when it has seen
    /// those that there are.
    ///
    /// # Errors
    /// When the API server does not list them.
    pub fn start(kubernetes: &Kubernetes, namespace: &str, labels: &str) -> Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (begun, has_begun) = mpsc::channel();
        let kubernetes = kubernetes.clone();
        let (namespace, labels) = (namespace.to_owned(), labels.to_owned());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let api: Api<K> = Api::namespaced(kubernetes.client().await?, &namespace);
                follow(api, &labels, &begun, stopped).await
            })
        });
        match has_begun.recv_timeout(BEGUN_MAX) {
            Ok(()) => Ok(Self { stop, thread }),
            Err(_) if thread.is_finished() => Err(ended(thread)),
            Err(_) => Err(Failure::new("the API server does not list what is to be watched")),
        }
    }

    /// Ends the watch.
    ///
    /// # Errors
    /// When it has ended before.
    pub fn finish(self) -> Result<Vec<Change<K>>> {
        // It may have ended by itself: then its result says why.
        let _ended = self.stop.send(());
        self.thread.join().map_err(|_| Failure::new("the watch panicked"))?
    }
}

fn ended<K>(thread: JoinHandle<Result<Vec<Change<K>>>>) -> Failure {
    match thread.join() {
        Ok(Err(error)) => error,
        _ => Failure::new("the watch has ended"),
    }
}

async fn follow<K>(
    api: Api<K>,
    labels: &str,
    begun: &mpsc::Sender<()>,
    mut stopped: oneshot::Receiver<()>,
) -> Result<Vec<Change<K>>>
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let mut changes = Vec::new();
    let mut events = pin!(watcher::watcher(api, watcher::Config::default().labels(labels)));
    loop {
        let event = tokio::select! {
            biased;
            _ = &mut stopped => return Ok(changes),
            event = events.next() => event.context("the watch has ended")??,
        };
        let (object, is_gone) = match event {
            Event::Apply(object) | Event::InitApply(object) => (object, false),
            Event::Delete(object) => (object, true),
            Event::Init => continue,
            Event::InitDone => {
                // Nobody waits for the second list.
                let _waiting = begun.send(());
                continue;
            }
        };
        changes.push(Change { at: Instant::now(), object, is_gone });
    }
}

/// What became of pods that are made again under their names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pods {
    /// The pods that were replaced, each when it began to stop.
    pub replaced: Vec<(Instant, String)>,
    /// The most that did not serve at the same time.
    pub most_away: BTreeSet<String>,
}

impl Pods {
    /// Follows the pods from one state to the next.
    pub fn of(changes: &[Change<Pod>]) -> Self {
        let mut pods = Self::default();
        let mut serving: BTreeMap<String, bool> = BTreeMap::new();
        let mut stopped: BTreeSet<String> = BTreeSet::new();
        for Change { at, object, is_gone } in changes {
            let name = object.name_any();
            let stops = *is_gone || object.metadata.deletion_timestamp.is_some();
            if stops && stopped.insert(object.uid().unwrap_or_default()) {
                pods.replaced.push((*at, name.clone()));
            }
            serving.insert(name, !stops && is_ready(object));
            let away = serving.iter().filter(|(_, serves)| !**serves).map(|(name, _)| name);
            let away: BTreeSet<String> = away.cloned().collect();
            if away.len() > pods.most_away.len() {
                pods.most_away = away;
            }
        }
        pods
    }

    /// The names of those that were replaced, in their order.
    pub fn names(&self) -> Vec<&str> {
        self.replaced.iter().map(|(_, name)| name.as_str()).collect()
    }
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
}

/// Fails unless a cluster was Ready in every one of these states.
///
/// # Errors
/// The conditions of the first in which it was not.
pub fn always_ready(states: &[Change<KafkaCluster>]) -> Result<()> {
    for Change { object, .. } in states {
        let status = object.status.as_ref().context("a cluster without status")?;
        let conditions = &status.conditions;
        ensure!(reason(conditions, "Ready").is_some(), "not Ready meanwhile: {conditions:?}");
    }
    Ok(())
}

/// The reason of a condition that is true.
pub fn reason<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a str> {
    let found = conditions.iter().find(|one| one.type_ == kind && one.status == "True");
    found.map(|condition| condition.reason.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(name: &str, uid: &str, state: &str) -> Change<Pod> {
        let ready = if state == "ready" { "True" } else { "False" };
        let stopping = (state == "stopping").then_some("2026-01-01T00:00:00Z");
        let object = json!({
            "metadata": {"name": name, "uid": uid, "deletionTimestamp": stopping},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        });
        let object = serde_json::from_value(object).unwrap();
        Change { at: Instant::now(), object, is_gone: state == "gone" }
    }

    #[test]
    fn pods_that_are_replaced_one_by_one_are_never_two_away() {
        let states = [
            ("a", "1", "ready"),
            ("b", "2", "ready"),
            ("a", "1", "stopping"),
            ("a", "1", "gone"),
            ("a", "3", "starting"),
            ("a", "3", "ready"),
            ("b", "2", "stopping"),
            ("b", "2", "gone"),
            ("b", "4", "ready"),
        ];
        let pods = Pods::of(&states.map(|(name, uid, state)| change(name, uid, state)));
        assert_eq!(pods.names(), ["a", "b"]);
        assert_eq!(pods.most_away.len(), 1);
    }

    #[test]
    fn a_pod_that_goes_before_the_last_one_serves_is_seen() {
        let states = [
            ("a", "1", "ready"),
            ("b", "2", "ready"),
            ("a", "1", "gone"),
            ("a", "3", "starting"),
            ("b", "2", "stopping"),
            ("a", "3", "ready"),
            ("b", "4", "ready"),
        ];
        let pods = Pods::of(&states.map(|(name, uid, state)| change(name, uid, state)));
        assert_eq!(pods.most_away, BTreeSet::from(["a".to_owned(), "b".to_owned()]));
    }
}
