//! The group coordinator: the partitions of `__consumer_offsets` that this broker leads.
//!
//! A [`Shard`] is one of them: the core (`barnabas_groups`) behind a lock, its log, and the
//! requests that wait. This module finds the shard of a group, follows leadership, and runs the
//! timers.

mod load;
mod schedule;
mod settings;
mod shard;
mod topic;

pub use settings::GroupSettings;
pub use shard::Shard;
pub use topic::OFFSETS_TOPIC;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use barnabas_groups::partition_of;
use barnabas_metadata::Image;
use barnabas_metadata::image::{Changes, PartitionImage, TopicChange, TopicImage};
use barnabas_wire::ErrorCode;

use crate::partition::{PartitionKey, Partitions};
use schedule::Schedule;
use shard::{GroupTime, ShardParts};
use topic::OffsetsTopic;

/// All groups that this broker coordinates.
#[derive(Debug)]
pub struct GroupCoordinator {
    node_id: i32,
    settings: Arc<GroupSettings>,
    partitions: Arc<Partitions>,
    time: GroupTime,
    schedule: Arc<Schedule>,
    topic: OffsetsTopic,
    shards: RwLock<BTreeMap<i32, Arc<Shard>>>,
    /// The topic as last applied.
    applied: Mutex<Option<Arc<TopicImage>>>,
}

impl GroupCoordinator {
    /// A coordinator without shards: they come with the metadata, see [`Self::apply`].
    #[must_use]
    pub fn new(node_id: i32, settings: GroupSettings, partitions: Arc<Partitions>) -> Self {
        let time = GroupTime::new(Arc::clone(partitions.clock()));
        Self {
            node_id,
            settings: Arc::new(settings),
            partitions,
            time,
            schedule: Arc::default(),
            topic: OffsetsTopic::default(),
            shards: RwLock::default(),
            applied: Mutex::default(),
        }
    }

    /// Follows the leadership of `__consumer_offsets` and the deletion of topics. To be called with
    /// every published image in turn, after the partitions have been.
    pub fn apply(&self, image: &Image, changes: &Changes) {
        self.apply_leadership(image);
        let deleted: BTreeSet<String> = changes
            .topics
            .values()
            .filter_map(|change| match change {
                TopicChange::Removed(topic) => Some(topic.name.to_string()),
                TopicChange::Changed(_) => None,
            })
            .collect();
        if !deleted.is_empty() {
            for shard in self.all() {
                shard.topics_deleted(&deleted);
            }
        }
    }

    /// The shard of a group.
    ///
    /// # Errors
    /// NOT_COORDINATOR when another broker has it, COORDINATOR_NOT_AVAILABLE before there is a
    /// topic, COORDINATOR_LOAD_IN_PROGRESS while its log is being opened.
    pub fn shard_of(&self, image: &Image, group: &str) -> Result<Arc<Shard>, ErrorCode> {
        let number = partition_for(image, group).ok_or(ErrorCode::COORDINATOR_NOT_AVAILABLE)?;
        let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(shard) = shards.get(&number) {
            return Ok(Arc::clone(shard));
        }
        let topic = image.topics.by_name(OFFSETS_TOPIC);
        let partition = topic.and_then(|topic| topic.partition(number));
        if partition.is_some_and(|partition| partition.leader == self.node_id) {
            return Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
        }
        Err(ErrorCode::NOT_COORDINATOR)
    }

    /// All shards, in order of their partitions.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Shard>> {
        let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner);
        shards.values().cloned().collect()
    }

    /// Gives up all groups, because the broker stops: whoever waits for others is answered, so that
    /// nobody keeps it from stopping.
    pub fn stop(&self) {
        for shard in self.all() {
            shard.unload();
        }
    }

    /// Runs the timers of all groups for as long as the broker runs.
    pub async fn run_timers(self: Arc<Self>) {
        loop {
            self.schedule.due(&self.time).await;
            while let Some(partition) = self.schedule.pop_due(self.time.now_ms()) {
                let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner);
                let shard = shards.get(&partition).cloned();
                drop(shards);
                if let Some(shard) = shard {
                    shard.expire();
                }
            }
        }
    }

    fn apply_leadership(&self, image: &Image) {
        let topic = image.topics.by_name(OFFSETS_TOPIC);
        let mut applied = self.applied.lock().unwrap_or_else(PoisonError::into_inner);
        let unchanged = match (applied.as_ref(), topic) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (None, None) => true,
            _ => false,
        };
        if unchanged {
            return;
        }
        let mut wanted = BTreeMap::new();
        if let Some(topic) = topic {
            for (number, partition) in &topic.partitions {
                if let Some(shard) = self.shard_for(topic, *number, partition) {
                    wanted.insert(*number, shard);
                }
            }
        }
        *applied = topic.cloned();
        let mut shards = self.shards.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *shards, wanted.clone());
        drop(shards);
        for (number, shard) in before {
            if !wanted.get(&number).is_some_and(|kept| Arc::ptr_eq(kept, &shard)) {
                shard.unload();
            }
        }
        for shard in wanted.values() {
            shard.start_loading();
        }
    }

    /// The shard of a partition that this broker leads: the one there is if it is of that epoch.
    fn shard_for(
        &self,
        topic: &TopicImage,
        number: i32,
        partition: &PartitionImage,
    ) -> Option<Arc<Shard>> {
        if partition.leader != self.node_id {
            return None;
        }
        let key = PartitionKey { topic: topic.id, partition: number };
        let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(shard) = shards.get(&number)
            && shard.is_of(&key, partition.leader_epoch)
        {
            return Some(Arc::clone(shard));
        }
        drop(shards);
        let replica = self.partitions.get(&key)?;
        Some(Arc::new(Shard::new(ShardParts {
            replica,
            leader_epoch: partition.leader_epoch,
            settings: Arc::clone(&self.settings),
            waiters: Arc::clone(&self.partitions.waiters),
            time: self.time.clone(),
            schedule: Arc::clone(&self.schedule),
        })))
    }
}

/// The partition of `__consumer_offsets` that a group belongs to, if there is such a topic.
#[must_use]
pub fn partition_for(image: &Image, group: &str) -> Option<i32> {
    let topic = image.topics.by_name(OFFSETS_TOPIC)?;
    let count = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
    Some(partition_of(group, count))
}
