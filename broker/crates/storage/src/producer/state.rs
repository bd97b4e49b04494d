//! All producers of a partition and the transactions that hold back its last stable offset.

use std::collections::BTreeMap;

use super::append::ProducerAppend;
use super::entry::ProducerEntry;
use super::transaction::CompletedTxn;

/// Producer ids remembered per partition. Clients get a new id for the asking; beyond this the
/// ones that were silent longest are forgotten, as if they had expired.
const PRODUCERS_MAX: usize = 65_536;

/// State up to (excluding) an offset.
#[derive(Clone, Debug, Default)]
pub(crate) struct Producers {
    entries: BTreeMap<i64, ProducerEntry>,
    /// Open transactions: first offset → producer id.
    ongoing: BTreeMap<i64, i64>,
    /// Ended transactions whose marker is not known to be replicated: first offset → marker's.
    unreplicated: BTreeMap<i64, i64>,
    end: i64,
}

impl Producers {
    pub(crate) fn starting_at(end: i64) -> Self {
        Self { end, ..Self::default() }
    }

    /// State as of a snapshot; producers that expired without an open transaction are left out.
    pub(crate) fn restore(
        snapshot: Vec<ProducerEntry>,
        end: i64,
        now_ms: i64,
        expiration_ms: i64,
    ) -> Self {
        let mut state = Self::starting_at(end);
        for entry in snapshot {
            if let Some(first) = entry.txn_first_offset {
                state.ongoing.insert(first, entry.producer_id);
            } else if has_expired(&entry, now_ms, expiration_ms) {
                continue;
            }
            state.entries.insert(entry.producer_id, entry);
        }
        state
    }

    pub(crate) fn get(&self, producer_id: i64) -> Option<&ProducerEntry> {
        self.entries.get(&producer_id)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &ProducerEntry> {
        self.entries.values()
    }

    /// Offset up to which batches are accounted for.
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    pub(crate) fn set_end(&mut self, end: i64) {
        self.end = end;
    }

    /// Takes over what an append has checked, now that it is written.
    pub(crate) fn update(&mut self, append: ProducerAppend) {
        let producer_id = append.updated.producer_id;
        for first in append.started {
            self.ongoing.insert(first, producer_id);
        }
        self.entries.insert(producer_id, append.updated);
        if self.entries.len() > PRODUCERS_MAX {
            self.forget_longest_silent();
        }
    }

    /// Ends a transaction; it still counts as unstable until its marker is replicated.
    pub(crate) fn complete(&mut self, txn: CompletedTxn) {
        if self.ongoing.remove(&txn.first_offset).is_some() {
            self.unreplicated.insert(txn.first_offset, txn.last_offset);
        }
    }

    /// Last stable offset once the marker of this transaction is replicated.
    pub(crate) fn last_stable_after(&self, txn: CompletedTxn) -> i64 {
        let other = self.ongoing.iter().find(|(_, id)| **id != txn.producer_id);
        other.map_or(txn.last_offset.saturating_add(1), |(first, _)| *first)
    }

    /// First offset of a transaction that is open, or whose marker is not replicated.
    pub(crate) fn first_unstable(&self) -> Option<i64> {
        let ongoing = self.ongoing.keys().next();
        let unreplicated = self.unreplicated.keys().next();
        ongoing.into_iter().chain(unreplicated).min().copied()
    }

    pub(crate) fn on_high_watermark(&mut self, high_watermark: i64) {
        self.unreplicated.retain(|_, last| *last >= high_watermark);
    }

    /// Forgets producers that were silent for the time and have no transaction open.
    pub(crate) fn expire(&mut self, now_ms: i64, expiration_ms: i64) {
        self.entries.retain(|_, entry| {
            entry.txn_first_offset.is_some() || !has_expired(entry, now_ms, expiration_ms)
        });
    }

    /// Forgets ended transactions that lie below a new log start. The producers stay, and so do
    /// open transactions: what follows in them is as undecided as before.
    pub(crate) fn truncate_head(&mut self, log_start: i64) {
        self.unreplicated.retain(|_, last| *last >= log_start);
    }

    fn forget_longest_silent(&mut self) {
        let mut idle: Vec<(i64, i64)> = self
            .entries
            .values()
            .filter(|entry| entry.txn_first_offset.is_none())
            .map(|entry| (entry.last_timestamp, entry.producer_id))
            .collect();
        idle.sort_unstable();
        for (_, producer_id) in idle.iter().take(PRODUCERS_MAX / 8) {
            self.entries.remove(producer_id);
        }
    }
}

fn has_expired(entry: &ProducerEntry, now_ms: i64, expiration_ms: i64) -> bool {
    now_ms.saturating_sub(entry.last_timestamp) >= expiration_ms
}
