//! Changes of ISRs: based on what was, and of brokers that were meant.

use std::collections::BTreeMap;

use barnabas_metadata::image::{ClusterImage, PartitionImage};
use barnabas_server::partition::PartitionKey;
use barnabas_wire::api::alter_partition::{
    BrokerState, RequestPartitionData, ResponsePartitionData,
};

use super::Finding;
use crate::history::Kind;

#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Changes that were accepted, until metadata has them: the partition epoch that each made,
    /// and the members that it asked for.
    accepted: BTreeMap<PartitionKey, BTreeMap<i32, Vec<BrokerState>>>,
    /// The newest metadata.
    partitions: BTreeMap<PartitionKey, PartitionImage>,
}

impl Changes {
    /// The active controller accepted a leader's change.
    pub(super) fn altered(
        &mut self,
        partition: PartitionKey,
        wanted: RequestPartitionData,
        made: &ResponsePartitionData,
    ) -> Option<Finding> {
        let next = wanted.partition_epoch + 1;
        if made.partition_epoch > next {
            let (from, to) = (wanted.partition_epoch, made.partition_epoch);
            let text = format!("{partition}: a change of epoch {from} was made in {to}");
            return Some((Kind::StaleChange, text));
        }
        if made.partition_epoch == next {
            let accepted = self.accepted.entry(partition).or_default();
            accepted.insert(next, wanted.new_isr_with_epochs);
        }
        None
    }

    /// The newest metadata of a partition, and of the cluster.
    pub(super) fn look(
        &mut self,
        partition: PartitionKey,
        now: &PartitionImage,
        cluster: &ClusterImage,
    ) -> Option<Finding> {
        let before = self.partitions.insert(partition, now.clone());
        if let Some(wrong) = before.and_then(|before| step(partition, &before, now)) {
            return Some(wrong);
        }
        let fenced = |id: i32| cluster.broker(id).is_none_or(|broker| broker.fenced);
        let accused = now.isr.iter().find(|id| now.has_leader() && fenced(**id));
        if let Some(id) = accused {
            let text = format!("{partition}: {id} is fenced and in the ISR {:?}", now.isr);
            return Some((Kind::Ineligible, text));
        }
        if now.has_leader() && !now.isr.contains(&now.leader) {
            let text = format!("{partition}: {} leads, not of the ISR {:?}", now.leader, now.isr);
            return Some((Kind::Ineligible, text));
        }
        let accepted = self.accepted.get_mut(&partition)?;
        *accepted = accepted.split_off(&now.partition_epoch);
        let members = accepted.get(&now.partition_epoch)?;
        let other = |member: &&BrokerState| {
            let registered = cluster.broker(member.broker_id).map(|broker| broker.epoch);
            // A reassignment that the change completed dropped some of them at once.
            let stayed = now.isr.contains(&member.broker_id);
            stayed && member.broker_epoch != -1 && registered != Some(member.broker_epoch)
        };
        let BrokerState { broker_id, broker_epoch } = members.iter().find(other)?;
        let text = format!("{partition}: {broker_id} of epoch {broker_epoch} is in the ISR");
        Some((Kind::Ineligible, text))
    }
}

/// What one change made of another state of a partition.
fn step(partition: PartitionKey, before: &PartitionImage, now: &PartitionImage) -> Option<Finding> {
    let epochs = |of: &PartitionImage| (of.leader_epoch, of.partition_epoch);
    if now.leader_epoch < before.leader_epoch || now.partition_epoch < before.partition_epoch {
        let (before, now) = (epochs(before), epochs(now));
        let text = format!("{partition}: the epochs were {before:?}, then {now:?}");
        return Some((Kind::WentBack, text));
    }
    // Of several changes at once it cannot be told which one did it.
    if now.is_reassigning() || now.partition_epoch != before.partition_epoch + 1 {
        return None;
    }
    let settled = |id: &i32| before.replicas.contains(id) && !before.adding_replicas.contains(id);
    let late = now.replicas.iter().find(|id| !settled(id) && !now.isr.contains(id))?;
    let text = format!("{partition} moved to {late}, which is not in the ISR {:?}", now.isr);
    Some((Kind::MovedEarly, text))
}
