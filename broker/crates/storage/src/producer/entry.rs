//! What is remembered of one producer id (`ProducerStateEntry`).

use barnabas_records::BatchHeader;

/// Batches remembered per producer: a client may have this many requests in flight.
const BATCHES_KEPT: usize = 5;

/// "None" of producer epochs, sequences and coordinator epochs, as on the wire.
pub(crate) const NONE: i32 = -1;

/// A batch that was appended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchMeta {
    /// Sequence number of the last record.
    pub last_sequence: i32,
    /// Offset of the last record.
    pub last_offset: i64,
    /// Last offset minus the first.
    pub offset_delta: i32,
    /// Largest timestamp, ms.
    pub timestamp: i64,
}

impl BatchMeta {
    pub(crate) fn of(header: &BatchHeader) -> Self {
        Self {
            last_sequence: header.last_sequence(),
            last_offset: header.last_offset(),
            offset_delta: header.last_offset_delta,
            timestamp: header.max_timestamp,
        }
    }

    /// Sequence number of the first record.
    #[must_use]
    pub fn first_sequence(&self) -> i32 {
        if self.last_sequence < 0 {
            return NONE;
        }
        let first = i64::from(self.last_sequence) - i64::from(self.offset_delta);
        i32::try_from(first & i64::from(i32::MAX)).unwrap_or(0)
    }

    /// Offset of the first record.
    #[must_use]
    pub fn first_offset(&self) -> i64 {
        self.last_offset.saturating_sub(i64::from(self.offset_delta))
    }
}

/// The state of a producer id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerEntry {
    /// The id.
    pub producer_id: i64,
    /// Its latest epoch; -1 if unknown.
    pub producer_epoch: i16,
    /// Epoch of the coordinator that wrote its last marker; -1 none.
    pub coordinator_epoch: i32,
    /// Timestamp of the last batch or marker, ms; what expiry counts from.
    pub last_timestamp: i64,
    /// First offset of the open transaction.
    pub txn_first_offset: Option<i64>,
    /// The last batches of this epoch, oldest first; the first `kept` are valid.
    batches: [BatchMeta; BATCHES_KEPT],
    kept: u8,
}

impl ProducerEntry {
    pub(crate) fn new(producer_id: i64) -> Self {
        Self {
            producer_id,
            producer_epoch: -1,
            coordinator_epoch: NONE,
            last_timestamp: -1,
            txn_first_offset: None,
            batches: [BatchMeta::default(); BATCHES_KEPT],
            kept: 0,
        }
    }

    /// The remembered batches, oldest first.
    #[must_use]
    pub fn batches(&self) -> &[BatchMeta] {
        &self.batches[..usize::from(self.kept)]
    }

    /// The newest batch.
    #[must_use]
    pub fn last_batch(&self) -> Option<&BatchMeta> {
        self.batches().last()
    }

    /// Sequence number of the last record; -1 if none is known.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        self.last_batch().map_or(NONE, |batch| batch.last_sequence)
    }

    /// Offset of the last record; -1 if none is known.
    #[must_use]
    pub fn last_offset(&self) -> i64 {
        self.last_batch().map_or(-1, |batch| batch.last_offset)
    }

    pub(crate) fn find_duplicate(&self, header: &BatchHeader) -> Option<&BatchMeta> {
        if header.producer_epoch != self.producer_epoch {
            return None;
        }
        self.batches().iter().find(|batch| {
            batch.first_sequence() == header.base_sequence
                && batch.last_sequence == header.last_sequence()
        })
    }

    /// Takes on a new epoch and forgets the batches of the old one.
    pub(crate) fn set_epoch(&mut self, epoch: i16) {
        if self.producer_epoch != epoch {
            self.producer_epoch = epoch;
            self.kept = 0;
        }
    }

    pub(crate) fn add_batch(&mut self, epoch: i16, batch: BatchMeta) {
        self.set_epoch(epoch);
        if usize::from(self.kept) == BATCHES_KEPT {
            self.batches.rotate_left(1);
            self.kept -= 1;
        }
        self.batches[usize::from(self.kept)] = batch;
        self.kept += 1;
        self.last_timestamp = batch.timestamp;
    }
}
