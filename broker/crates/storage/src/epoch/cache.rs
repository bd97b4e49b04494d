//! Epochs in memory.

/// An epoch and the first offset that was appended in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEntry {
    /// Leader epoch.
    pub epoch: i32,
    /// Its first offset.
    pub start_offset: i64,
}

/// Answer to "where does this epoch end?". -1 in both fields: undefined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    /// The largest known epoch that is not above the one asked for.
    pub epoch: i32,
    /// Offset after its last record.
    pub end_offset: i64,
}

impl EpochEnd {
    /// The epoch is unknown and no answer is safe.
    pub const UNDEFINED: Self = Self { epoch: -1, end_offset: -1 };
}

/// Both columns strictly increase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EpochCache {
    entries: Vec<EpochEntry>,
}

impl EpochCache {
    pub(crate) fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    pub(crate) fn latest(&self) -> Option<EpochEntry> {
        self.entries.last().copied()
    }

    /// Adds an entry, dropping those that contradict it. Returns whether anything changed.
    pub(crate) fn assign(&mut self, epoch: i32, start_offset: i64) -> bool {
        if epoch < 0 || start_offset < 0 {
            return false;
        }
        if self
            .latest()
            .is_some_and(|last| last.epoch == epoch && last.start_offset <= start_offset)
        {
            return false;
        }
        let keep = self
            .entries
            .partition_point(|entry| entry.epoch < epoch && entry.start_offset < start_offset);
        self.entries.truncate(keep);
        self.entries.push(EpochEntry { epoch, start_offset });
        true
    }

    pub(crate) fn end_for(&self, epoch: i32, log_end: i64) -> EpochEnd {
        let Some(latest) = self.latest().filter(|latest| epoch >= 0 && epoch <= latest.epoch)
        else {
            return EpochEnd::UNDEFINED;
        };
        if epoch == latest.epoch {
            return EpochEnd { epoch, end_offset: log_end };
        }
        let above = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let end_offset = self.entries[above].start_offset;
        let floor = above.checked_sub(1).map_or(epoch, |at| self.entries[at].epoch);
        EpochEnd { epoch: floor, end_offset }
    }

    /// The epoch under which the record at `offset` was appended.
    pub(crate) fn epoch_of(&self, offset: i64) -> Option<i32> {
        let above = self.entries.partition_point(|entry| entry.start_offset <= offset);
        above.checked_sub(1).map(|at| self.entries[at].epoch)
    }

    /// Drops epochs that start at or above a new log end.
    pub(crate) fn truncate_tail(&mut self, end: i64) -> bool {
        let keep = self.entries.partition_point(|entry| entry.start_offset < end);
        let changed = keep < self.entries.len();
        self.entries.truncate(keep);
        changed
    }

    /// Drops epochs that end below a new log start; the one that spans it then starts there.
    pub(crate) fn truncate_head(&mut self, start: i64) -> bool {
        let above = self.entries.partition_point(|entry| entry.start_offset <= start);
        let Some(spanning) = above.checked_sub(1) else { return false };
        if spanning == 0 && self.entries[0].start_offset == start {
            return false;
        }
        self.entries.drain(..spanning);
        self.entries[0].start_offset = start;
        true
    }

    pub(crate) fn clear(&mut self) -> bool {
        let changed = !self.entries.is_empty();
        self.entries.clear();
        changed
    }
}
