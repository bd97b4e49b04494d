//! What is below a high watermark is committed: every in-sync replica has it, and the same.

use std::collections::{BTreeMap, BTreeSet};

use barnabas_server::partition::PartitionKey;
use barnabas_storage::EpochEntry;

use super::Finding;
use crate::history::Kind;

#[derive(Debug, Default)]
pub(super) struct Committed {
    partitions: BTreeMap<PartitionKey, Prefix>,
    /// Who was found to be wrong: once is enough.
    accused: BTreeSet<(PartitionKey, i32, Kind)>,
}

/// A partition's records up to the highest high watermark that was ever seen.
#[derive(Debug, Default)]
struct Prefix {
    end: i64,
    /// First offset and leader epoch of its parts.
    epochs: BTreeMap<i64, i32>,
}

/// What a broker has of a partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copy<'a> {
    pub(super) broker: i32,
    pub(super) log_start: i64,
    pub(super) end: i64,
    pub(super) high_watermark: i64,
    /// Its leader epochs, with the offsets where they begin.
    pub(super) epochs: &'a [EpochEntry],
}

impl Committed {
    /// A replica showed this.
    pub(super) fn shown(&mut self, partition: PartitionKey, copy: Copy<'_>) -> Option<Finding> {
        let prefix = self.partitions.entry(partition).or_default();
        let upper = copy.high_watermark;
        let own = lineage(copy.epochs, upper);
        // Of a log that lost its beginning, the epochs before that are not known.
        let whole = copy.log_start == 0;
        let common = upper.min(prefix.end);
        let differs = whole && !own.range(..common).eq(prefix.epochs.range(..common));
        if whole && upper > prefix.end {
            prefix.epochs.extend(own.range(prefix.end..));
        }
        prefix.end = prefix.end.max(upper);
        if !differs || !self.accused.insert((partition, copy.broker, Kind::ReplicasDiffer)) {
            return None;
        }
        let (broker, known) = (copy.broker, &self.partitions[&partition].epochs);
        let text = format!("{partition} of {broker} below {common} is {own:?}, was {known:?}");
        Some((Kind::ReplicasDiffer, text))
    }

    /// A replica is in sync, as the newest metadata says.
    pub(super) fn in_sync(&mut self, partition: PartitionKey, copy: Copy<'_>) -> Option<Finding> {
        let committed = self.partitions.get(&partition).map_or(0, |prefix| prefix.end);
        let Copy { broker, end, .. } = copy;
        if end >= committed || !self.accused.insert((partition, broker, Kind::InSyncBehind)) {
            return None;
        }
        let text = format!("{partition}: {broker} ends at {end}, {committed} was committed");
        Some((Kind::InSyncBehind, text))
    }
}

/// First offsets of the epochs that have records below an offset.
fn lineage(epochs: &[EpochEntry], upper: i64) -> BTreeMap<i64, i32> {
    // Of several that begin at one offset, only the last one has records.
    let begun = epochs.iter().filter(|entry| entry.start_offset < upper);
    begun.map(|entry| (entry.start_offset, entry.epoch)).collect()
}
