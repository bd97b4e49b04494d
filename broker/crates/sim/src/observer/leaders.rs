//! Leaders of partitions: an epoch has one, and its offsets do not go back.

use std::collections::BTreeMap;

use barnabas_server::partition::PartitionKey;

use super::Finding;
use crate::history::Kind;

/// What a leader says of its log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    pub(super) high_watermark: i64,
    pub(super) log_start: i64,
}

#[derive(Debug, Default)]
pub(super) struct Leaders {
    /// By partition and leader epoch: who leads, and what it last said.
    terms: BTreeMap<(PartitionKey, i32), (i32, Marks)>,
}

impl Leaders {
    /// A broker leads in an epoch, and says this.
    pub(super) fn leads(
        &mut self,
        partition: PartitionKey,
        epoch: i32,
        broker: i32,
        now: Marks,
    ) -> Option<Finding> {
        let (leader, before) = self.terms.insert((partition, epoch), (broker, now))?;
        if leader != broker {
            let text = format!("{partition}: {leader} and {broker} in epoch {epoch}");
            return Some((Kind::TwoLeaders, text));
        }
        let back = now.high_watermark < before.high_watermark || now.log_start < before.log_start;
        back.then(|| {
            let text = format!("{partition} of {broker} in {epoch}: {before:?}, then {now:?}");
            (Kind::WentBack, text)
        })
    }
}
