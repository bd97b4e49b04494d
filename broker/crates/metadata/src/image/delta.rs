//! A change in progress: records applied to a private copy of an image.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use barnabas_wire::Uuid;

use crate::record::{MetadataRecord, RemoveTopicRecord};

use super::{ConfigResource, Image, Provenance, ReplayError, TopicImage};

/// Records applied to an image, and what they touched (Kafka: `MetadataDelta`).
///
/// The copy shares structure with the image it starts from: creating one topic among ten
/// thousand copies one path of two trees.
#[derive(Clone, Debug)]
pub struct Delta {
    image: Image,
    changes: Changes,
}

/// What a delta touched, for those who act on changes only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Topics created, changed or removed, by id.
    pub topics: BTreeMap<[u8; 16], TopicChange>,
    /// Brokers registered, changed or removed.
    pub brokers: BTreeSet<i32>,
    /// Resources whose configs changed, those of removed topics apart.
    pub configs: BTreeSet<ConfigResource>,
    /// Whether a feature level changed.
    pub features: bool,
    /// Whether an access control entry changed.
    pub acls: bool,
    /// Whether a client quota changed.
    pub quotas: bool,
}

/// What happened to a topic.
#[derive(Clone, Debug, PartialEq)]
pub enum TopicChange {
    /// Created or changed: the partitions that were.
    Changed(BTreeSet<i32>),
    /// Removed: the topic as it was.
    Removed(Arc<TopicImage>),
}

impl Delta {
    /// A delta that starts from an image.
    #[must_use]
    pub fn new(base: &Image) -> Self {
        Self { image: base.clone(), changes: Changes::default() }
    }

    /// The image with every record so far.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Ends the change.
    #[must_use]
    pub fn finish(mut self, provenance: Provenance) -> (Image, Changes) {
        self.image.provenance = provenance;
        (self.image, self.changes)
    }

    /// Applies one record. Records that mark log transactions change nothing here: see
    /// [`super::Loader`].
    ///
    /// # Errors
    /// [`ReplayError`] when the record does not fit; the delta must be dropped then.
    pub fn replay(&mut self, record: &MetadataRecord) -> Result<(), ReplayError> {
        match record {
            MetadataRecord::Topic(_)
            | MetadataRecord::RemoveTopic(_)
            | MetadataRecord::Partition(_)
            | MetadataRecord::PartitionChange(_)
            | MetadataRecord::ClearElr(_) => self.replay_topic(record),
            MetadataRecord::RegisterBroker(_)
            | MetadataRecord::UnregisterBroker(_)
            | MetadataRecord::BrokerRegistrationChange(_)
            | MetadataRecord::FenceBroker(_)
            | MetadataRecord::UnfenceBroker(_)
            | MetadataRecord::RegisterController(_) => self.replay_cluster(record),
            MetadataRecord::AccessControlEntry(_)
            | MetadataRecord::RemoveAccessControlEntry(_)
            | MetadataRecord::UserScramCredential(_)
            | MetadataRecord::RemoveUserScramCredential(_)
            | MetadataRecord::DelegationToken(_)
            | MetadataRecord::RemoveDelegationToken(_) => self.replay_security(record),
            MetadataRecord::Config(record) => {
                let resource = self.image.configs.replay(record)?;
                self.changes.configs.insert(resource);
                Ok(())
            }
            MetadataRecord::FeatureLevel(record) => {
                self.changes.features = true;
                self.image.features.replay(record)
            }
            MetadataRecord::ClientQuota(record) => {
                self.changes.quotas = true;
                self.image.quotas.replay(record);
                Ok(())
            }
            MetadataRecord::ProducerIds(record) => {
                self.image.producer_ids.replay(record);
                Ok(())
            }
            MetadataRecord::NoOp(_)
            | MetadataRecord::ZkMigrationState(_)
            | MetadataRecord::BeginTransaction(_)
            | MetadataRecord::EndTransaction(_)
            | MetadataRecord::AbortTransaction(_) => Ok(()),
        }
    }

    fn replay_topic(&mut self, record: &MetadataRecord) -> Result<(), ReplayError> {
        let topics = &mut self.image.topics;
        match record {
            MetadataRecord::Topic(record) => {
                topics.create(record)?;
                self.changes.touch(record.topic_id, None);
            }
            MetadataRecord::RemoveTopic(record) => self.remove_topic(record)?,
            MetadataRecord::Partition(record) => {
                topics.create_partition(record)?;
                self.changes.touch(record.topic_id, Some(record.partition_id));
            }
            MetadataRecord::PartitionChange(record) => {
                topics.change_partition(record)?;
                self.changes.touch(record.topic_id, Some(record.partition_id));
            }
            MetadataRecord::ClearElr(record) => {
                for topic_id in topics.clear_elr(record)? {
                    let partitions = self.image.topics.by_id(topic_id).into_iter();
                    for id in partitions.flat_map(|topic| topic.partitions.keys()) {
                        self.changes.touch(topic_id, Some(*id));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn remove_topic(&mut self, record: &RemoveTopicRecord) -> Result<(), ReplayError> {
        let removed = self.image.topics.remove(record.topic_id)?;
        let resource = ConfigResource::topic(&*removed.name);
        self.image.configs.remove(&resource);
        self.changes.configs.remove(&resource);
        self.changes.topics.insert(record.topic_id.0, TopicChange::Removed(removed));
        Ok(())
    }

    fn replay_cluster(&mut self, record: &MetadataRecord) -> Result<(), ReplayError> {
        let cluster = &mut self.image.cluster;
        let broker = match record {
            MetadataRecord::RegisterBroker(record) => {
                cluster.register(record);
                record.broker_id
            }
            MetadataRecord::UnregisterBroker(record) => {
                cluster.unregister(record)?;
                record.broker_id
            }
            MetadataRecord::BrokerRegistrationChange(record) => {
                cluster.change(record)?;
                record.broker_id
            }
            MetadataRecord::FenceBroker(record) => {
                cluster.set_fenced("FenceBrokerRecord", record.id, record.epoch, true)?;
                record.id
            }
            MetadataRecord::UnfenceBroker(record) => {
                cluster.set_fenced("UnfenceBrokerRecord", record.id, record.epoch, false)?;
                record.id
            }
            MetadataRecord::RegisterController(record) => {
                cluster.register_controller(record);
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.changes.brokers.insert(broker);
        Ok(())
    }

    fn replay_security(&mut self, record: &MetadataRecord) -> Result<(), ReplayError> {
        match record {
            MetadataRecord::AccessControlEntry(record) => {
                self.changes.acls = true;
                self.image.acls.add(record);
                Ok(())
            }
            MetadataRecord::RemoveAccessControlEntry(record) => {
                self.changes.acls = true;
                self.image.acls.remove(record.id)
            }
            MetadataRecord::UserScramCredential(record) => {
                self.image.scram.set(record);
                Ok(())
            }
            MetadataRecord::RemoveUserScramCredential(record) => self.image.scram.remove(record),
            MetadataRecord::DelegationToken(record) => {
                self.image.tokens.set(record);
                Ok(())
            }
            MetadataRecord::RemoveDelegationToken(record) => {
                self.image.tokens.remove(&record.token_id)
            }
            _ => Ok(()),
        }
    }
}

impl Changes {
    /// Whether nothing was touched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn touch(&mut self, topic_id: Uuid, partition: Option<i32>) {
        let change =
            self.topics.entry(topic_id.0).or_insert_with(|| TopicChange::Changed(BTreeSet::new()));
        if let TopicChange::Changed(partitions) = change {
            partitions.extend(partition);
        }
    }
}
