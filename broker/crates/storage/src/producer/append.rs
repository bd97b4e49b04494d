//! Checks of one producer's batches in one append (`ProducerAppendInfo`).

use barnabas_bugs::{Bug, is_seeded};
use barnabas_records::{BatchHeader, ControlType};

use super::entry::{BatchMeta, NONE, ProducerEntry};
use super::error::ProducerError;
use super::transaction::CompletedTxn;

/// Where batches come from; decides what is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A producer: epochs and sequences are checked.
    Client,
    /// A coordinator of this broker (groups, transactions, markers): epochs are checked.
    Coordinator,
    /// The metadata quorum's leader: as a coordinator.
    Raft,
    /// The partition's leader has checked: only state is updated.
    Replication,
}

/// The end of a transaction, as the marker says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) kind: ControlType,
    pub(crate) coordinator_epoch: i32,
}

/// A copy of the producer's state with the batches of this append; it becomes the state once they
/// are written.
#[derive(Clone, Debug)]
pub(crate) struct ProducerAppend {
    current: ProducerEntry,
    pub(crate) updated: ProducerEntry,
    origin: Origin,
    /// Transactions that this append starts, by first offset.
    pub(crate) started: Vec<i64>,
}

impl ProducerAppend {
    pub(crate) fn new(current: Option<&ProducerEntry>, producer_id: i64, origin: Origin) -> Self {
        let current = current.cloned().unwrap_or_else(|| ProducerEntry::new(producer_id));
        Self { updated: current.clone(), current, origin, started: Vec::new() }
    }

    pub(crate) fn add_batch(&mut self, header: &BatchHeader) -> Result<(), ProducerError> {
        self.check_epoch(header.producer_epoch, header.base_offset)?;
        let unchecked = is_seeded(Bug::IgnoreSequences) || is_seeded(Bug::IgnoreDuplicates);
        if self.origin == Origin::Client && !unchecked {
            self.check_sequence(header)?;
        }
        self.updated.add_batch(header.producer_epoch, BatchMeta::of(header));
        match self.updated.txn_first_offset {
            Some(_) if !header.is_transactional() => {
                return Err(ProducerError::InvalidTxnState { producer_id: header.producer_id });
            }
            None if header.is_transactional() => {
                self.updated.txn_first_offset = Some(header.base_offset);
                self.started.push(header.base_offset);
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends the open transaction, if there is one.
    pub(crate) fn add_marker(
        &mut self,
        header: &BatchHeader,
        marker: Marker,
    ) -> Result<Option<CompletedTxn>, ProducerError> {
        self.check_epoch(header.producer_epoch, header.base_offset)?;
        self.check_coordinator_epoch(marker.coordinator_epoch)?;
        self.updated.set_epoch(header.producer_epoch);
        self.updated.coordinator_epoch = marker.coordinator_epoch;
        self.updated.last_timestamp = header.max_timestamp;
        let first_offset = self.updated.txn_first_offset.take();
        // A marker without records before it does not hold anything back.
        Ok(first_offset.map(|first_offset| CompletedTxn {
            producer_id: header.producer_id,
            first_offset,
            last_offset: header.last_offset(),
            is_aborted: marker.kind == ControlType::Abort,
        }))
    }

    fn check_epoch(&self, epoch: i16, offset: i64) -> Result<(), ProducerError> {
        let current = self.updated.producer_epoch;
        if epoch >= current {
            return Ok(());
        }
        let producer_id = self.updated.producer_id;
        if self.origin == Origin::Replication {
            tracing::warn!(producer_id, epoch, current, offset, "replicated an old epoch");
            return Ok(());
        }
        Err(ProducerError::InvalidEpoch { producer_id, epoch, current })
    }

    fn check_coordinator_epoch(&self, epoch: i32) -> Result<(), ProducerError> {
        let current = self.updated.coordinator_epoch;
        if epoch >= current {
            return Ok(());
        }
        if self.origin == Origin::Replication {
            let producer_id = self.updated.producer_id;
            tracing::info!(producer_id, epoch, current, "replicated an old coordinator epoch");
            return Ok(());
        }
        Err(ProducerError::CoordinatorFenced { epoch, current })
    }

    fn check_sequence(&self, header: &BatchHeader) -> Result<(), ProducerError> {
        let sequence = header.base_sequence;
        let same_epoch = header.producer_epoch == self.updated.producer_epoch;
        let last = if same_epoch { self.updated.last_sequence() } else { NONE };
        // With no state left (expired, or its records deleted) any sequence may come first.
        let unknown = if same_epoch {
            self.current.producer_epoch < 0
        } else {
            self.updated.producer_epoch < 0
        };
        if unknown || follows(last, sequence) {
            return Ok(());
        }
        let producer_id = header.producer_id;
        Err(ProducerError::OutOfOrderSequence { producer_id, sequence, last })
    }
}

/// Sequences wrap from 2^31 - 1 to 0.
fn follows(last: i32, next: i32) -> bool {
    last.checked_add(1).unwrap_or(0) == next
}
