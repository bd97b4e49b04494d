//! Replicas of new partitions, and the records that create them.

use barnabas_metadata::image::Image;
use barnabas_metadata::record::PartitionRecord;
use barnabas_wire::{ErrorCode, Uuid};

use crate::placement::{UsableBroker, place};
use crate::{ApiError, Controller};

impl Controller {
    /// Replicas for new partitions on brokers that may take some.
    pub(super) fn place(
        &mut self,
        count: usize,
        replication_factor: i16,
    ) -> Result<Vec<Vec<i32>>, ApiError> {
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
        place(brokers, count, replication_factor, &mut self.random)
    }

    /// Checks replicas given by hand.
    pub(super) fn check_assignment(
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
            replicas.iter().map(|id| directory(&self.state, *id)).collect()
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

/// A broker with one directory has no choice; one with several tells later where it put a replica.
fn directory(image: &Image, broker: i32) -> Uuid {
    match image.cluster.broker(broker).map(|registration| registration.log_dirs.as_slice()) {
        Some([only]) => *only,
        _ => Uuid::UNASSIGNED_DIR,
    }
}
