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
    /// Leader epoch and partition epoch.
    epochs: BTreeMap<PartitionKey, (i32, i32)>,
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
        let epochs = (now.leader_epoch, now.partition_epoch);
        let before = self.epochs.insert(partition, epochs).unwrap_or(epochs);
        if epochs.0 < before.0 || epochs.1 < before.1 {
            let text = format!("{partition}: the epochs were {before:?}, then {epochs:?}");
            return Some((Kind::WentBack, text));
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
