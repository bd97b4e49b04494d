//! All partitions of this broker, and what metadata makes of them.

mod open;
mod place;
mod resolve;
mod unopened;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use barnabas_metadata::Image;
use barnabas_metadata::image::{
    Changes, ConfigResourceType, LeaderRecoveryState, PartitionImage, TopicChange, TopicImage,
};
use barnabas_replication::{
    Config, LeaderEpoch, Metadata, NodeId, PartitionEpoch, RecoveryState, RoleChange,
};
use barnabas_storage::LogError;
use barnabas_wire::Uuid;
use tokio::sync::Notify;

use super::moving::Moves;
use super::{Assignments, LogDir, PartitionKey, Replica, Settings, Waiters, maintenance};
use crate::clock::Clock;
use crate::machine;
use crate::metrics::Metrics;
use crate::replica::{ImageBrokers, IsrChanges};
use resolve::Resolver;
use unopened::Unopened;

/// The partitions of one broker.
#[derive(Debug)]
pub struct Partitions {
    node_id: i32,
    clock: Arc<dyn Clock>,
    /// The properties file: the defaults of topic configs.
    properties: Arc<BTreeMap<String, String>>,
    replication: Config,
    dirs: Vec<Arc<LogDir>>,
    /// Log directories that could not be opened.
    pub(super) absent: Vec<PathBuf>,
    replicas: RwLock<HashMap<PartitionKey, Arc<Replica>>>,
    /// One set of settings for all topics without configs of their own.
    shared_settings: Mutex<Option<Arc<Settings>>>,
    pub(super) metrics: Arc<Metrics>,
    /// Changes of the ISR on their way to the controller.
    pub isr_changes: IsrChanges,
    /// Where replicas are, for the controller to know.
    pub assignments: Assignments,
    /// Replicas on their way from one log directory to another.
    pub(super) moves: Moves,
    /// Partitions without a log.
    unopened: Unopened,
    /// All that was in the log directories at the start is open or known to be of no use.
    has_started: AtomicBool,
    /// The metadata can tell log directories.
    assigns_directories: AtomicBool,
    /// The log of a follower starts elsewhere, or somebody stopped to lead.
    pub(super) starts_moved: Notify,
    /// Requests that wait for partitions.
    pub waiters: Arc<Waiters>,
}

impl Partitions {
    /// No partitions yet: they come with the metadata, see [`Partitions::apply`].
    #[must_use]
    pub fn new(
        replication: Config,
        clock: Arc<dyn Clock>,
        properties: Arc<BTreeMap<String, String>>,
        dirs: Vec<Arc<LogDir>>,
        absent: Vec<PathBuf>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            node_id: replication.node.0,
            clock,
            properties,
            replication,
            dirs,
            absent,
            replicas: RwLock::default(),
            shared_settings: Mutex::default(),
            metrics,
            isr_changes: IsrChanges::default(),
            starts_moved: Notify::new(),
            assignments: Assignments::default(),
            moves: Moves::default(),
            unopened: Unopened::default(),
            has_started: AtomicBool::new(false),
            assigns_directories: AtomicBool::new(false),
            waiters: Arc::default(),
        }
    }

    /// A partition that this broker holds.
    #[must_use]
    pub fn get(&self, key: &PartitionKey) -> Option<Arc<Replica>> {
        self.replicas.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// A partition of a topic, by the topic's name in the image.
    #[must_use]
    pub fn named(&self, image: &Image, topic: &str, partition: i32) -> Option<Arc<Replica>> {
        let topic = image.topics.by_name(topic)?.id;
        self.get(&PartitionKey { topic, partition })
    }

    /// All partitions that this broker holds, in the order of their keys.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Replica>> {
        let replicas = self.replicas.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Arc<Replica>> = replicas.values().cloned().collect();
        all.sort_unstable_by_key(|replica| replica.key);
        all
    }

    /// The log directories.
    #[must_use]
    pub fn dirs(&self) -> &[Arc<LogDir>] {
        &self.dirs
    }

    /// Log directories that could not be opened: the partitions in them are not known.
    #[must_use]
    pub fn absent_dirs(&self) -> &[PathBuf] {
        &self.absent
    }

    /// `replica.lag.time.max.ms`.
    #[must_use]
    pub fn replica_lag_time_max_ms(&self) -> i64 {
        self.replication.replica_lag_time_max_ms
    }

    /// Says which log directories get no new partitions: paths, or `*` for all (KIP-1066).
    pub fn set_cordoned(&self, cordoned: &[String]) {
        for dir in &self.dirs {
            let named = |entry: &String| entry == "*" || dir.path == Path::new(entry);
            dir.set_cordoned(cordoned.iter().any(named));
        }
    }

    fn has_started(&self) -> bool {
        self.has_started.load(Ordering::Relaxed)
    }

    pub(super) fn assigns_directories(&self) -> bool {
        self.assigns_directories.load(Ordering::Relaxed)
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Makes the partitions what a new image says: opens and removes logs, changes roles and
    /// settings. Blocks nobody: the disk work is done by the threads of the log directories.
    ///
    /// To be called with every published image in turn.
    pub async fn apply(self: &Arc<Self>, image: &Image, changes: &Changes) {
        let version = image.features.metadata_version_or_oldest();
        let assigns = version.supports_directory_assignment();
        self.assigns_directories.store(assigns, Ordering::Relaxed);
        let mut resolver = Resolver::new(image, self.node_id, &self.properties);
        self.apply_configs(image, changes, &mut resolver);
        let mut opening = Vec::new();
        for change in changes.topics.values() {
            if let TopicChange::Removed(topic) = change {
                self.remove_topic(topic);
            }
        }
        for (id, change) in &changes.topics {
            let TopicChange::Changed(partitions) = change else { continue };
            let Some(topic) = image.topics.by_id(Uuid(*id)) else { continue };
            for number in partitions {
                if let Some(partition) = topic.partition(*number) {
                    let key = PartitionKey { topic: topic.id, partition: *number };
                    self.apply_partition(topic, key, partition, &mut resolver, &mut opening);
                }
            }
        }
        self.open_all(opening).await;
        if !changes.brokers.is_empty() {
            self.brokers_changed(&ImageBrokers(image));
        }
    }

    /// Whether there are partitions that could not be opened, and may be some time.
    #[must_use]
    pub fn have_failed(&self) -> bool {
        self.unopened.have_failed()
    }

    /// Those partitions, as changes that make [`Partitions::apply`] try again.
    #[must_use]
    pub fn failed_changes(&self) -> Changes {
        let mut topics: BTreeMap<[u8; 16], BTreeSet<i32>> = BTreeMap::new();
        for key in self.unopened.failed() {
            topics.entry(key.topic.0).or_default().insert(key.partition);
        }
        let topics = topics.into_iter().map(|(id, numbers)| (id, TopicChange::Changed(numbers)));
        Changes { topics: topics.collect(), ..Changes::default() }
    }

    /// Sets directories aside that the metadata does not place here. To be called once, after
    /// the first image was applied.
    pub async fn remove_strays(&self) {
        self.has_started.store(true, Ordering::Relaxed);
        for dir in &self.dirs {
            for path in dir.unclaimed_futures().into_values() {
                let disk = Arc::clone(&dir.disk);
                let removed = dir.threads.run(move || disk.remove_dir(&path)).await;
                if let Ok(Err(error)) = removed {
                    tracing::error!(%error, "cannot remove the unfinished copy of a partition");
                }
            }
            for (partition, path) in dir.unclaimed() {
                let target = dir.path.join(partition.stray_directory(machine::random()));
                let disk = Arc::clone(&dir.disk);
                let moved = dir.threads.run(move || disk.rename(&path, &target)).await;
                match moved {
                    Ok(Ok(())) => tracing::warn!(
                        topic = %partition.topic,
                        partition = partition.partition,
                        "set aside a partition that is not assigned to this broker"
                    ),
                    Ok(Err(error)) => tracing::error!(%error, "cannot set a partition aside"),
                    Err(error) => tracing::error!(%error, "cannot set a partition aside"),
                }
            }
        }
    }

    /// Closes every log and marks the directories as closed cleanly. Nothing may be appended any
    /// more.
    ///
    /// # Errors
    /// The first failure; logs of that directory are recovered at the next start.
    pub async fn close(self: &Arc<Self>, broker_epoch: i64) -> Result<(), LogError> {
        let mut result = Ok(());
        self.moves.stop();
        for replica in self.all() {
            // A move that is about to end does.
            drop(replica.appending.lock().unwrap_or_else(PoisonError::into_inner));
        }
        for dir in &self.dirs {
            let (partitions, at) = (Arc::clone(self), Arc::clone(dir));
            let closed =
                dir.threads.run(move || maintenance::close(&partitions, &at, broker_epoch));
            if let Ok(Err(error)) = closed.await {
                result = result.and(Err(error));
            }
        }
        result
    }

    /// A log directory has failed: nobody waits for its partitions any longer. The controller
    /// moves their leaders.
    pub(super) fn give_up(&self, dir: &Arc<LogDir>) {
        for replica in self.all() {
            if replica.is_in(dir) {
                self.waiters.interrupted(&replica.key);
            }
        }
    }

    fn apply_partition(
        &self,
        topic: &Arc<TopicImage>,
        key: PartitionKey,
        partition: &Arc<PartitionImage>,
        resolver: &mut Resolver<'_>,
        opening: &mut Vec<open::Opening>,
    ) {
        self.unopened.retry(&key);
        if !partition.replicas.contains(&self.node_id) {
            self.unopened.forget(&key);
            if let Some(replica) = self.take(&key) {
                self.discard(&replica);
            }
            return;
        }
        match self.get(&key) {
            Some(replica) => self.apply_role(&replica, partition),
            None => opening.push(open::Opening {
                key,
                topic: Arc::clone(&topic.name),
                directory: partition.directory(self.node_id),
                image: Arc::clone(partition),
                settings: self.settings(&topic.name, resolver),
            }),
        }
    }

    fn apply_role(&self, replica: &Arc<Replica>, partition: &PartitionImage) {
        let metadata = role_of(partition);
        let change = replica.apply_metadata(&metadata, self.clock.monotonic_ms());
        if matches!(change, RoleChange::Leader | RoleChange::Follower) {
            self.waiters.interrupted(&replica.key);
            self.starts_moved.notify_waiters();
        } else if change == RoleChange::Unchanged && metadata.leader == Some(NodeId(self.node_id)) {
            // A replica that left the ISR no longer holds the high watermark.
            self.high_watermark_moved(replica);
        }
    }

    fn apply_configs(&self, image: &Image, changes: &Changes, resolver: &mut Resolver<'_>) {
        let of_brokers = |kind| kind == ConfigResourceType::Broker;
        let all = changes.configs.iter().any(|resource| of_brokers(resource.resource_type));
        if all {
            *self.shared() = None;
        }
        let named = |name: &str| {
            let mut resources = changes.configs.iter();
            resources.any(|resource| {
                resource.resource_type == ConfigResourceType::Topic && resource.name == name
            })
        };
        if changes.configs.is_empty() {
            return;
        }
        for replica in self.all() {
            // A topic that is gone keeps its settings until its logs are removed.
            let known = image.topics.by_id(replica.key.topic).is_some();
            if known && (all || named(replica.topic())) {
                let settings = self.settings(replica.topic(), resolver);
                let now_ms = self.clock.monotonic_ms();
                if replica.apply_settings(settings, now_ms) {
                    let progress = replica.inspect(barnabas_replication::Partition::progress);
                    self.waiters.progressed(&replica, progress, true);
                }
            }
        }
    }

    fn settings(&self, topic: &str, resolver: &mut Resolver<'_>) -> Arc<Settings> {
        if resolver.has_overrides(topic) {
            return Arc::new(resolver.resolve(topic));
        }
        Arc::clone(self.shared().get_or_insert_with(|| Arc::new(resolver.resolve(topic))))
    }

    fn remove_topic(&self, topic: &TopicImage) {
        self.metrics.topics.forget(&topic.name);
        for partition in topic.partitions.keys() {
            let key = PartitionKey { topic: topic.id, partition: *partition };
            self.unopened.forget(&key);
            if let Some(replica) = self.take(&key) {
                self.discard(&replica);
            }
        }
    }

    /// Deletes a replica's log. Requests that still hold it fail or read what is open.
    fn discard(&self, replica: &Arc<Replica>) {
        self.waiters.interrupted(&replica.key);
        self.moves.cancel(&replica.key);
        let replica = Arc::clone(replica);
        // A move that is about to end ends first, or not any more.
        let appending = replica.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = replica.dir();
        if dir.is_offline() {
            return;
        }
        let threads = dir.threads.clone();
        let target = dir.path.join(replica.log.partition().deleted_directory(machine::random()));
        let key = replica.key;
        dir.checkpoints.remove(replica.log.partition());
        // Renamed at once: the topic may be created anew before the threads come to it.
        if let Err(error) = replica.log.rename_dir(&target) {
            tracing::error!(partition = %key, %error, "cannot remove a partition");
            dir.judge(&error);
            return;
        }
        drop(appending);
        let submitted = threads.submit(move || {
            if let Err(error) = replica.log.delete() {
                tracing::error!(partition = %replica.key, %error, "cannot remove a partition");
            }
        });
        if let Err(error) = submitted {
            tracing::warn!(partition = %key, %error, "files remain until the next start");
        }
    }

    fn take(&self, key: &PartitionKey) -> Option<Arc<Replica>> {
        self.replicas.write().unwrap_or_else(PoisonError::into_inner).remove(key)
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Option<Arc<Settings>>> {
        self.shared_settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A partition's registration as the replication core reads it.
fn role_of(partition: &PartitionImage) -> Metadata {
    Metadata {
        leader: partition.has_leader().then_some(NodeId(partition.leader)),
        leader_epoch: LeaderEpoch(partition.leader_epoch),
        partition_epoch: PartitionEpoch(partition.partition_epoch),
        replicas: partition.replicas.iter().copied().map(NodeId).collect(),
        isr: partition.isr.iter().copied().map(NodeId).collect(),
        recovery_state: match partition.leader_recovery_state {
            LeaderRecoveryState::Recovered => RecoveryState::Recovered,
            LeaderRecoveryState::Recovering => RecoveryState::Recovering,
        },
    }
}
