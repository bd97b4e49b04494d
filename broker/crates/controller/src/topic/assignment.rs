//! Replicas of new partitions, and the records that create them.

use std::collections::BTreeMap;

use barnabas_metadata::image::TopicImage;
use barnabas_metadata::record::PartitionRecord;
use barnabas_wire::{ErrorCode, Uuid};

use crate::partition::default_directory;
use crate::placement::{Load, Loads, UsableBroker, place};
use crate::{ApiError, Controller};

impl Controller {
    /// What every broker holds.
    pub(super) fn total_loads(&self) -> BTreeMap<i32, Load> {
        let mut total = BTreeMap::new();
        for topic in self.state.topics.iter() {
            topic.partitions.values().for_each(|p| Loads::count(&mut total, &p.replicas));
        }
        total
    }

    /// Replicas for new partitions on brokers that may take some, of a topic that may have others.
    pub(super) fn place(
        &mut self,
        total: &BTreeMap<i32, Load>,
        topic: Option<&TopicImage>,
        count: usize,
        replication_factor: i16,
    ) -> Result<Vec<Vec<i32>>, ApiError> {
        let mut loads = Loads {
            registered: self.state.cluster.broker_count(),
            total: total.clone(),
            topic: BTreeMap::new(),
        };
        for partition in topic.into_iter().flat_map(|topic| topic.partitions.values()) {
            Loads::count(&mut loads.topic, &partition.replicas);
        }
        let brokers = self.state.cluster.brokers().filter(|broker| {
            let cordoned = broker.cordoned_log_dirs.as_deref().unwrap_or_default();
            let all_cordoned = !broker.log_dirs.is_empty()
                && broker.log_dirs.iter().all(|dir| cordoned.contains(dir));
            !broker.in_controlled_shutdown && !all_cordoned
        });
        let brokers = brokers.map(|broker| UsableBroker {
            id: broker.id,
            rack: broker.rack.as_deref(),
            fenced: broker.fenced,
        });
        place(brokers, &loads, count, replication_factor, &mut self.random)
    }

    /// Checks replicas given by hand.
    pub(crate) fn check_assignment(
        &self,
        partition: usize,
        replicas: &[i32],
        replication_factor: Option<usize>,
    ) -> Result<(), ApiError> {
        let refuse =
            |message: String| Err(ApiError::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
        if replicas.is_empty() {
            return refuse(format!("the assignment of partition {partition} names no broker"));
        }
        for (n, broker) in replicas.iter().enumerate() {
            if replicas[..n].contains(broker) {
                return refuse(format!(
                    "the assignment of partition {partition} names broker {broker} twice"
                ));
            }
            if self.state.cluster.broker(*broker).is_none() {
                return refuse(format!(
                    "the assignment of partition {partition} names broker {broker}, which is \
                     not registered"
                ));
            }
        }
        if let Some(wanted) = replication_factor
            && wanted != replicas.len()
        {
            return refuse(format!(
                "the assignment of partition {partition} names {} brokers, others {wanted}: all \
                 partitions of a topic have the same number of replicas",
                replicas.len()
            ));
        }
        Ok(())
    }

    /// The record that creates a partition: in sync are the replicas that are up.
    pub(super) fn partition_record(
        &self,
        topic_id: Uuid,
        partition_id: i32,
        replicas: Vec<i32>,
    ) -> Result<PartitionRecord, ApiError> {
        let cluster = &self.state.cluster;
        let active =
            |id: &i32| cluster.broker(*id).is_some_and(|registration| registration.is_active());
        let isr: Vec<i32> = replicas.iter().copied().filter(active).collect();
        let Some(leader) = isr.first().copied() else {
            let message = format!(
                "all brokers of partition {partition_id}, {replicas:?}, are fenced or shutting \
                 down: nobody can lead it"
            );
            return Err(ApiError::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
        };
        let directories = if self.metadata_version().supports_directory_assignment() {
            replicas.iter().map(|id| default_directory(&self.state, *id)).collect()
        } else {
            Vec::new()
        };
        Ok(PartitionRecord {
            partition_id,
            topic_id,
            replicas,
            isr,
            leader,
            leader_epoch: 0,
            partition_epoch: 0,
            directories,
            ..PartitionRecord::default()
        })
    }
}
