//! What happens to partitions when a broker comes, goes, or loses a directory.

use std::collections::BTreeSet;

use barnabas_metadata::image::{Image, PartitionImage};
use barnabas_metadata::record::{MetadataRecord, PartitionChangeRecord};
use barnabas_wire::Uuid;

use super::{Change, Election, Rules};
use crate::Controller;

/// Why a broker leaves ISRs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// It is fenced or shuts down: what it acknowledged is still on its disk.
    Clean,
    /// The end of its logs may be gone, as after a crash, or all of them for ever, as when it is
    /// unregistered.
    Unclean,
}

impl Controller {
    /// The changes that take a broker out of all ISRs and leaderships.
    pub(crate) fn departure(
        &self,
        image: &Image,
        broker: i32,
        departure: Departure,
    ) -> Vec<MetadataRecord> {
        let unclean = (departure == Departure::Unclean).then_some(broker);
        self.changes(
            image,
            |partition| {
                partition.leader == broker
                    || partition.isr.contains(&broker)
                    || (unclean.is_some() && partition.elr.contains(&broker))
            },
            |controller, topic, change, partition| {
                let isr = partition.isr.iter().copied().filter(|id| *id != broker).collect();
                change
                    .isr(isr)
                    .unclean_shutdown(unclean)
                    .election(controller.election_of(image, topic))
                    .build()
            },
            Some(broker),
        )
    }

    /// The changes that give leaderless partitions a leader now that a broker is there.
    pub(crate) fn arrival(&self, image: &Image, broker: i32) -> Vec<MetadataRecord> {
        self.changes(
            image,
            |partition| !partition.has_leader() && partition.replicas.contains(&broker),
            |controller, topic, change, _| {
                change.election(controller.election_of(image, topic)).build()
            },
            None,
        )
    }

    /// The changes for replicas in directories that went offline.
    pub(crate) fn directory_failure(
        &self,
        image: &Image,
        broker: i32,
        offline: &BTreeSet<Uuid>,
    ) -> Vec<MetadataRecord> {
        self.changes(
            image,
            |partition| {
                partition.directory(broker).is_some_and(|directory| offline.contains(&directory))
                    && (partition.leader == broker || partition.isr.contains(&broker))
            },
            |controller, topic, change, partition| {
                let isr = partition.isr.iter().copied().filter(|id| *id != broker).collect();
                change.isr(isr).election(controller.election_of(image, topic)).build()
            },
            Some(broker),
        )
    }

    /// The changes that a controller owes which ended between the batches of one decision: nobody
    /// who is not active stays in an ISR or leads, and who can lead does.
    pub(crate) fn repair(&self) -> Vec<MetadataRecord> {
        let image = &self.state;
        let active = |id: &i32| image.cluster.broker(*id).is_some_and(|broker| broker.is_active());
        self.changes(
            image,
            |partition| !partition.has_leader() || !partition.isr.iter().all(active),
            |controller, topic, change, partition| {
                let isr = partition.isr.iter().copied().filter(active).collect();
                change.isr(isr).election(controller.election_of(image, topic)).build()
            },
            None,
        )
    }

    /// Whether the broker leads any partition.
    pub(crate) fn leads_any(&self, broker: i32) -> bool {
        self.state
            .topics
            .iter()
            .any(|topic| topic.partitions.values().any(|partition| partition.leader == broker))
    }

    /// Changes of all partitions that `select` names; `without` may not lead.
    pub(crate) fn changes(
        &self,
        image: &Image,
        select: impl Fn(&PartitionImage) -> bool,
        build: impl Fn(&Self, &str, Change<'_>, &PartitionImage) -> Option<PartitionChangeRecord>,
        without: Option<i32>,
    ) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        for topic in image.topics.iter() {
            let mut min_isr = None;
            for (id, partition) in topic.partitions.iter().filter(|(_, p)| select(p)) {
                let min_isr = *min_isr.get_or_insert_with(|| self.min_isr(image, &topic.name));
                let acceptable = |broker: i32| {
                    Some(broker) != without && is_acceptable(image, partition, broker)
                };
                let rules = self.rules_with(min_isr);
                let change = Change::new(topic.id, *id, partition, &acceptable, rules);
                let record = build(self, &topic.name, change, partition);
                records.extend(record.map(MetadataRecord::from));
            }
        }
        records
    }

    /// What is in force for a topic.
    pub(crate) fn rules(&self, image: &Image, topic: &str) -> Rules {
        self.rules_with(self.min_isr(image, topic))
    }

    fn rules_with(&self, min_isr: usize) -> Rules {
        Rules { version: self.metadata_version(), elr_enabled: self.elr_enabled(), min_isr }
    }

    pub(crate) fn election_of(&self, image: &Image, topic: &str) -> Election {
        if self.unclean_election(image, topic) { Election::Unclean } else { Election::Online }
    }
}

/// Whether a broker is active and the directory of its replica online.
pub(crate) fn is_acceptable(image: &Image, partition: &PartitionImage, broker: i32) -> bool {
    let Some(registration) = image.cluster.broker(broker) else { return false };
    let online =
        partition.directory(broker).is_none_or(|directory| registration.has_online_dir(directory));
    registration.is_active() && online
}
