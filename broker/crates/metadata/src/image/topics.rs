//! Topics by id and by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use barnabas_wire::Uuid;
use imbl::OrdMap;

use crate::record::{
    ClearElrRecord, MetadataRecord, PartitionChangeRecord, PartitionRecord, TopicRecord,
};

use super::{PartitionImage, ReplayError};

/// Topics by id and by name (Kafka: `TopicsImage`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicsImage {
    by_id: OrdMap<[u8; 16], Arc<TopicImage>>,
    by_name: OrdMap<Arc<str>, Arc<TopicImage>>,
}

/// One topic (Kafka: `TopicImage`).
#[derive(Clone, Debug, PartialEq)]
pub struct TopicImage {
    /// Name: 1 to 249 of `[a-zA-Z0-9._-]`.
    pub name: Arc<str>,
    /// Id, unique for ever.
    pub id: Uuid,
    /// Partitions by number.
    pub partitions: BTreeMap<i32, Arc<PartitionImage>>,
}

impl TopicsImage {
    /// Number of topics.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is no topic.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// A topic by its id.
    #[must_use]
    pub fn by_id(&self, id: Uuid) -> Option<&Arc<TopicImage>> {
        self.by_id.get(&id.0)
    }

    /// A topic by its name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.by_name.get(name)
    }

    /// Topics in name order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<TopicImage>> {
        self.by_name.values()
    }

    /// Topics in name order whose name is above `name`, or from the first one.
    pub fn after<'a>(
        &'a self,
        name: Option<&str>,
    ) -> Box<dyn Iterator<Item = &'a Arc<TopicImage>> + 'a> {
        use std::ops::Bound;
        match name {
            None => Box::new(self.by_name.values()),
            Some(name) => Box::new(
                self.by_name
                    .range((Bound::Excluded(Arc::<str>::from(name)), Bound::Unbounded))
                    .map(|(_, topic)| topic),
            ),
        }
    }

    pub(super) fn create(&mut self, record: &TopicRecord) -> Result<(), ReplayError> {
        let existing = self.by_name(&record.name).or_else(|| self.by_id(record.topic_id));
        if let Some(existing) = existing {
            return Err(ReplayError::DuplicateTopic {
                name: record.name.clone(),
                existing: existing.id,
            });
        }
        self.put(TopicImage {
            name: Arc::from(record.name.as_str()),
            id: record.topic_id,
            partitions: BTreeMap::new(),
        });
        Ok(())
    }

    pub(super) fn remove(&mut self, topic_id: Uuid) -> Result<Arc<TopicImage>, ReplayError> {
        let removed = self
            .by_id
            .remove(&topic_id.0)
            .ok_or(ReplayError::UnknownTopicId { record: "RemoveTopicRecord", topic_id })?;
        self.by_name.remove(&removed.name);
        Ok(removed)
    }

    pub(super) fn create_partition(&mut self, record: &PartitionRecord) -> Result<(), ReplayError> {
        let partition = Arc::new(PartitionImage::from_record(record)?);
        self.update(record.topic_id, "PartitionRecord", |topic| {
            topic.partitions.insert(record.partition_id, partition);
            Ok(())
        })
    }

    pub(super) fn change_partition(
        &mut self,
        record: &PartitionChangeRecord,
    ) -> Result<(), ReplayError> {
        self.update(record.topic_id, "PartitionChangeRecord", |topic| {
            let (topic_id, partition) = (record.topic_id, record.partition_id);
            let slot = topic
                .partitions
                .get_mut(&partition)
                .ok_or(ReplayError::UnknownPartition { topic_id, partition })?;
            *slot = Arc::new(slot.changed(record)?);
            Ok(())
        })
    }

    /// Forgets the eligible leader replicas of one topic or of all; returns whose changed.
    pub(super) fn clear_elr(&mut self, record: &ClearElrRecord) -> Result<Vec<Uuid>, ReplayError> {
        let ids: Vec<Uuid> = if record.topic_name.is_empty() {
            self.iter().filter(|topic| topic.has_elr()).map(|topic| topic.id).collect()
        } else {
            let topic =
                self.by_name(&record.topic_name).ok_or_else(|| ReplayError::UnknownTopicName {
                    record: "ClearElrRecord",
                    name: record.topic_name.clone(),
                })?;
            vec![topic.id]
        };
        for id in &ids {
            self.update(*id, "ClearElrRecord", |topic| {
                for partition in
                    topic.partitions.values_mut().filter(|partition| has_elr(partition))
                {
                    let partition = Arc::make_mut(partition);
                    partition.elr.clear();
                    partition.last_known_elr.clear();
                }
                Ok(())
            })?;
        }
        Ok(ids)
    }

    pub(super) fn write(&self, records: &mut Vec<MetadataRecord>) {
        for topic in self.iter() {
            records.push(MetadataRecord::Topic(TopicRecord {
                name: topic.name.to_string(),
                topic_id: topic.id,
            }));
            records.extend(topic.partitions.iter().map(|(partition_id, partition)| {
                MetadataRecord::Partition(partition.record(topic.id, *partition_id))
            }));
        }
    }

    /// Changes a topic in both maps. A topic that only this image refers to is changed in
    /// place, so that a batch of a thousand partitions does not copy the topic each time.
    fn update(
        &mut self,
        topic_id: Uuid,
        record: &'static str,
        change: impl FnOnce(&mut TopicImage) -> Result<(), ReplayError>,
    ) -> Result<(), ReplayError> {
        let mut topic = self
            .by_id
            .remove(&topic_id.0)
            .ok_or(ReplayError::UnknownTopicId { record, topic_id })?;
        self.by_name.remove(&topic.name);
        let result = change(Arc::make_mut(&mut topic));
        self.by_name.insert(Arc::clone(&topic.name), Arc::clone(&topic));
        self.by_id.insert(topic_id.0, topic);
        result
    }

    fn put(&mut self, topic: TopicImage) {
        let topic = Arc::new(topic);
        self.by_id.insert(topic.id.0, Arc::clone(&topic));
        self.by_name.insert(Arc::clone(&topic.name), topic);
    }
}

impl TopicImage {
    /// A partition by its number.
    #[must_use]
    pub fn partition(&self, id: i32) -> Option<&Arc<PartitionImage>> {
        self.partitions.get(&id)
    }

    fn has_elr(&self) -> bool {
        self.partitions.values().any(|partition| has_elr(partition))
    }
}

fn has_elr(partition: &PartitionImage) -> bool {
    !partition.elr.is_empty() || !partition.last_known_elr.is_empty()
}
