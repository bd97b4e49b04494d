//! Which partitions are fetched from whom (`kafka.server.ReplicaFetcherManager`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use barnabas_metadata::Image;
use barnabas_metadata::image::{Changes, TopicChange};
use barnabas_replication::{Backoff, FetchPosition, Fetcher};
use barnabas_wire::Uuid;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{ReplicaSettings, fetch};
use crate::machine::inherit;
use crate::node::Node;
use crate::partition::{PartitionKey, Partitions};

/// The first pause after a failed fetch, ms. Kafka pauses `replica.fetch.backoff.ms` at once: after
/// an election the new leader is often there a moment later, and acks=all waits for its followers.
const BACKOFF_FIRST_MS: i64 = 20;

/// A broker that partitions are fetched from, by one of `num.replica.fetchers`.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) broker: i32,
    /// Which one.
    index: usize,
    core: Mutex<Fetcher<PartitionKey>>,
    /// Partitions came or went, or the broker changed.
    pub(super) changed: Notify,
}

impl Source {
    pub(super) fn core(&self) -> MutexGuard<'_, Fetcher<PartitionKey>> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All fetchers of this broker. Their number is bounded by that of brokers; one without
/// partitions waits for some.
#[derive(Debug)]
pub struct Fetchers {
    backoff: Backoff,
    state: Mutex<State>,
    /// A source is new: somebody has to run it.
    started: Notify,
}

#[derive(Debug)]
struct State {
    /// `num.replica.fetchers`.
    per_source: usize,
    sources: BTreeMap<(i32, usize), Arc<Source>>,
    assigned: BTreeMap<PartitionKey, Arc<Source>>,
    new: Vec<Arc<Source>>,
}

impl Fetchers {
    /// None yet: they come with the metadata, see [`Fetchers::apply`].
    #[must_use]
    pub fn new(settings: &ReplicaSettings) -> Self {
        let longest_ms = settings.backoff_ms.max(BACKOFF_FIRST_MS);
        let state = State {
            per_source: settings.fetchers,
            sources: BTreeMap::new(),
            assigned: BTreeMap::new(),
            new: Vec::new(),
        };
        Self {
            backoff: Backoff { first_ms: BACKOFF_FIRST_MS, longest_ms },
            state: Mutex::new(state),
            started: Notify::new(),
        }
    }

    /// Spreads the partitions over so many fetchers per source. Those that lose theirs stay, and
    /// wait.
    pub fn resize(&self, partitions: &Partitions, per_source: usize) {
        let mut state = self.state();
        if state.per_source == per_source {
            return;
        }
        state.per_source = per_source;
        let moved = state.assigned.iter();
        let moved = moved.filter(|(key, source)| source.index != place(key, per_source));
        let moved: Vec<PartitionKey> = moved.map(|(key, _)| *key).collect();
        for key in moved {
            state.unfollow(&key);
            let replica = partitions.get(&key);
            if let Some((leader, position)) = replica.and_then(|replica| replica.following()) {
                self.follow(&mut state, key, leader.0, position);
            }
        }
    }

    /// How many fetchers have partitions to fetch.
    #[must_use]
    pub fn in_use(&self) -> usize {
        let state = self.state();
        state.sources.values().filter(|source| source.core().counts().0 > 0).count()
    }

    /// Follows whom the image names. To be called with every published image in turn, after the
    /// partitions have applied it.
    pub fn apply(&self, partitions: &Partitions, image: &Image, changes: &Changes) {
        let mut state = self.state();
        for (id, change) in &changes.topics {
            let topic = Uuid(*id);
            match change {
                TopicChange::Removed(removed) => {
                    for partition in removed.partitions.keys() {
                        state.unfollow(&PartitionKey { topic, partition: *partition });
                    }
                }
                TopicChange::Changed(changed) => {
                    for partition in changed {
                        let key = PartitionKey { topic, partition: *partition };
                        let replica = partitions.get(&key);
                        match replica.and_then(|replica| replica.following()) {
                            Some((leader, position)) => {
                                self.follow(&mut state, key, leader.0, position);
                            }
                            None => state.unfollow(&key),
                        }
                    }
                }
            }
        }
        for source in state.sources.values() {
            if changes.brokers.contains(&source.broker)
                && image.cluster.broker(source.broker).is_some()
            {
                source.core().retry_now();
                source.changed.notify_one();
            }
        }
    }

    /// How many partitions could not be fetched and wait for another leader epoch.
    #[must_use]
    pub fn failed(&self) -> usize {
        let state = self.state();
        state.sources.values().map(|source| source.core().counts().1).sum()
    }

    fn follow(&self, state: &mut State, key: PartitionKey, leader: i32, position: FetchPosition) {
        let index = place(&key, state.per_source);
        let source = match state.sources.get(&(leader, index)) {
            Some(known) => Arc::clone(known),
            None => {
                let source = Arc::new(Source {
                    broker: leader,
                    index,
                    core: Mutex::new(Fetcher::new(self.backoff)),
                    changed: Notify::new(),
                });
                state.sources.insert((leader, index), Arc::clone(&source));
                state.new.push(Arc::clone(&source));
                self.started.notify_one();
                source
            }
        };
        if state.assigned.get(&key).is_none_or(|known| !Arc::ptr_eq(known, &source)) {
            state.unfollow(&key);
            state.assigned.insert(key, Arc::clone(&source));
        }
        source.core().follow(key, position);
        source.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn unfollow(&mut self, key: &PartitionKey) {
        if let Some(source) = self.assigned.remove(key) {
            source.core().unfollow(key);
            source.changed.notify_one();
        }
    }
}

/// Runs all fetchers for as long as it is polled.
pub(super) async fn run(node: &Arc<Node>) {
    // Before this process is registered, leaders would take its fetches for the earlier one's.
    let mut registered = node.broker_epoch.subscribe();
    if registered.wait_for(|epoch| *epoch >= 0).await.is_err() {
        return;
    }
    let mut tasks = JoinSet::new();
    let mut new = {
        let mut state = node.fetchers.state();
        state.new.clear();
        state.sources.values().cloned().collect()
    };
    loop {
        for source in std::mem::take(&mut new) {
            tasks.spawn(inherit(fetch::run(Arc::clone(node), source)));
        }
        node.fetchers.started.notified().await;
        new = std::mem::take(&mut node.fetchers.state().new);
    }
}

/// Which of a broker's fetchers has the partition: always the same.
fn place(key: &PartitionKey, fetchers: usize) -> usize {
    let sum = key.topic.0.iter().fold(0_u32, |sum, byte| sum.wrapping_mul(31) + u32::from(*byte));
    sum.wrapping_add(key.partition.unsigned_abs()) as usize % fetchers
}
