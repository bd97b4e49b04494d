//! The offsets that groups committed, by topic and partition.

mod commit;
mod delete;
mod expiry;
mod fetch;
#[cfg(test)]
mod tests;

pub(crate) use expiry::Expiry;

use std::collections::BTreeMap;

use barnabas_wire::Uuid;

use crate::record::{self, Record, RecordError};

/// An offset that a group committed for a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The next offset to be consumed.
    pub offset: i64,
    /// Leader epoch of the last consumed record, -1 when not known.
    pub leader_epoch: i32,
    /// The client's note.
    pub metadata: String,
    /// When it was committed.
    pub committed_ms: i64,
    /// When it expires whatever the group does, if the client said so (OffsetCommit v2-4).
    pub expires_ms: Option<i64>,
    /// The topic that had the name at the time; zero when not known.
    pub topic_id: Uuid,
}

type Partitions = BTreeMap<i32, CommittedOffset>;
type Topics = BTreeMap<String, Partitions>;

/// All offsets of one coordinator.
#[derive(Debug, Default)]
pub(crate) struct Offsets {
    groups: BTreeMap<String, Topics>,
    count: usize,
}

impl Offsets {
    pub(crate) fn get(&self, group: &str, topic: &str, partition: i32) -> Option<&CommittedOffset> {
        self.groups.get(group)?.get(topic)?.get(&partition)
    }

    pub(crate) fn topics(&self, group: &str) -> impl Iterator<Item = (&String, &Partitions)> {
        self.groups.get(group).into_iter().flatten()
    }

    pub(crate) fn has_any(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    /// How many offsets there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn put(
        &mut self,
        group: &str,
        topic: &str,
        partition: i32,
        committed: CommittedOffset,
    ) {
        let topics = self.groups.entry(group.to_owned()).or_default();
        let before = topics.entry(topic.to_owned()).or_default().insert(partition, committed);
        self.count += usize::from(before.is_none());
    }

    pub(crate) fn remove(&mut self, group: &str, topic: &str, partition: i32) -> bool {
        let Some(topics) = self.groups.get_mut(group) else { return false };
        let Some(partitions) = topics.get_mut(topic) else { return false };
        let removed = partitions.remove(&partition).is_some();
        self.count -= usize::from(removed);
        if partitions.is_empty() {
            topics.remove(topic);
        }
        if topics.is_empty() {
            self.groups.remove(group);
        }
        removed
    }

    /// Forgets the partitions of `group` that `forget` picks; returns their tombstones.
    pub(crate) fn remove_where(
        &mut self,
        group: &str,
        mut forget: impl FnMut(&str, &CommittedOffset) -> bool,
    ) -> Result<Vec<Record>, RecordError> {
        let chosen: Vec<(String, i32)> = self
            .topics(group)
            .flat_map(|(topic, partitions)| partitions.iter().map(move |p| (topic, p)))
            .filter(|(topic, (_, committed))| forget(topic, committed))
            .map(|(topic, (partition, _))| (topic.clone(), *partition))
            .collect();
        let mut tombstones = Vec::with_capacity(chosen.len());
        for (topic, partition) in chosen {
            self.remove(group, &topic, partition);
            tombstones.push(record::offset(group, &topic, partition, None)?);
        }
        Ok(tombstones)
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = &String> {
        self.groups.keys()
    }
}
