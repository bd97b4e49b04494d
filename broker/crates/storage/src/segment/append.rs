//! Adding batches at the end of the active segment.

use std::io::IoSlice;
use std::sync::atomic::Ordering;

use barnabas_records::{BatchHeader, HEADER_LEN};

use super::{Largest, Segment, State, warn_of_index};
use crate::disk::{DiskError, Home, lock};
use crate::index::{AbortedTxn, IndexError, OffsetEntry, TimeEntry};
use crate::log::LogConfig;

/// A batch to append: the header to write and the bytes that follow it, which stay where the
/// caller has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Appending<'a> {
    pub(crate) header: BatchHeader,
    pub(crate) payload: &'a [u8],
}

impl Segment {
    /// Writes the batches in one vectored write and indexes them. After a failure the file is as
    /// long as before; if not even that can be arranged, `Err(.., false)`.
    pub(crate) fn append(
        &self,
        batches: &[Appending<'_>],
        config: &LogConfig,
    ) -> Result<(), AppendFailure> {
        let file = self.file()?;
        let position = self.size();
        let heads: Vec<[u8; HEADER_LEN]> = batches.iter().map(|b| b.header.encode()).collect();
        let mut slices = Vec::with_capacity(2 * batches.len());
        for (head, batch) in heads.iter().zip(batches) {
            slices.push(IoSlice::new(head));
            slices.push(IoSlice::new(batch.payload));
        }
        if let Err(error) = file.write_at(&slices, position) {
            let clean = file.truncate(position).is_ok();
            return Err(AppendFailure { error, clean });
        }
        let mut state = lock(&self.state);
        state.dirty = true;
        let mut end = position;
        for batch in batches {
            state.note(&self.home, &batch.header, end, config.index_interval_bytes);
            end += batch.header.size() as u64;
        }
        drop(state);
        self.size.store(end, Ordering::Release);
        Ok(())
    }

    /// Indexes an aborted transaction.
    pub(crate) fn add_aborted(&self, txn: AbortedTxn) {
        let pushed = lock(&self.state).txns.push(&self.home, txn);
        warn_of_index(&pushed);
    }

    /// Adds the aborted transactions with records in `start..upper`; whether later segments cannot
    /// have any.
    pub(crate) fn aborted(
        &self,
        start: i64,
        upper: i64,
        found: &mut Vec<AbortedTxn>,
    ) -> Result<bool, DiskError> {
        let mut state = lock(&self.state);
        match state.txns.collect(&self.home, start, upper, found) {
            Ok(complete) => Ok(complete),
            Err(IndexError::Disk(error)) => Err(error),
            Err(error @ IndexError::Corrupt { .. }) => {
                let source = std::io::Error::new(std::io::ErrorKind::InvalidData, error);
                let name = super::file_name(self.base, super::Suffix::TxnIndex);
                Err(DiskError::new("read", &self.home.path(&name), source))
            }
        }
    }

    /// Whether the segment must be closed before a batch of `bytes` with this largest timestamp
    /// and last offset is appended.
    pub(crate) fn should_roll(
        &self,
        bytes: u64,
        max_timestamp: i64,
        last_offset: i64,
        config: &LogConfig,
        now_ms: i64,
    ) -> Result<bool, DiskError> {
        let size = self.size();
        if size + bytes > config.segment_bytes || !self.can_hold(last_offset) {
            return Ok(size > 0);
        }
        let first = self.first_timestamp()?;
        let mut state = lock(&self.state);
        state.load_indexes(&self.home, self);
        let full = state.offsets.is_full(config.segment_index_bytes)
            || state.times.is_full(config.segment_index_bytes);
        let age_ms = match first {
            Some(first) if max_timestamp >= 0 => max_timestamp.saturating_sub(first),
            _ => now_ms.saturating_sub(state.created_ms),
        };
        Ok(size > 0 && (full || age_ms > config.segment_ms))
    }

    /// Relative offsets are 32 bits.
    fn can_hold(&self, last_offset: i64) -> bool {
        i32::try_from(last_offset.saturating_sub(self.base)).is_ok_and(|relative| relative >= 0)
    }
}

/// A failed write.
#[derive(Debug)]
pub(crate) struct AppendFailure {
    pub(crate) error: DiskError,
    /// Nothing of the write is left behind.
    pub(crate) clean: bool,
}

impl From<DiskError> for AppendFailure {
    fn from(error: DiskError) -> Self {
        Self { error, clean: true }
    }
}

impl State {
    /// Accounts for a batch that is at `position`.
    pub(super) fn note(
        &mut self,
        home: &Home,
        header: &BatchHeader,
        position: u64,
        index_interval: u64,
    ) {
        let last_offset = header.last_offset();
        if position == 0 {
            self.first_timestamp = Some(header.max_timestamp).filter(|ms| *ms >= 0);
        }
        let known = match self.largest {
            Largest::Known(known) => known,
            Largest::Unread => self.times.last(),
        };
        let grown = known.is_none_or(|known| header.max_timestamp > known.timestamp);
        let largest = if grown && header.max_timestamp >= 0 {
            Some(TimeEntry { timestamp: header.max_timestamp, offset: last_offset })
        } else {
            known
        };
        self.largest = Largest::Known(largest);
        if self.since_entry > index_interval {
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            let pushed = self.offsets.push(home, OffsetEntry { offset: last_offset, position });
            warn_of_index(&pushed);
            if let Some(largest) = largest {
                let pushed = self.times.push(home, largest);
                warn_of_index(&pushed);
            }
            self.since_entry = 0;
        }
        self.since_entry += header.size() as u64;
        self.recent.push(header, position);
    }
}
