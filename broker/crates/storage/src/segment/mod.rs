//! One segment of a log: a file of record batches with its indexes (`LogSegment`).

mod append;
mod find;
mod name;
mod range;
mod recover;
mod remove;
mod time;
mod walk;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) use self::append::{AppendFailure, Appending};
use self::find::Recent;
pub(crate) use self::name::{Stage, Suffix, file_name, parse_file_name};
pub use self::range::FileRange;
pub(crate) use self::recover::RecoverError;
pub(crate) use self::time::Stamped;
pub(crate) use self::walk::{Placed, Walk, WalkError, check_crc};
use crate::disk::{DiskError, DiskFile, FileSlot, Home, OpenMode, lock};
use crate::index::{IndexError, OffsetIndex, TimeEntry, TimeIndex, TxnIndex};

/// Handles, extent and indexes of a segment. Appends come from one thread at a time (the log's
/// writer lock); everything else may run beside them.
#[derive(Debug)]
pub(crate) struct Segment {
    base: i64,
    home: Arc<Home>,
    slot: FileSlot,
    /// Bytes of whole batches: what readers may see.
    size: AtomicU64,
    deleted: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    offsets: OffsetIndex,
    times: TimeIndex,
    txns: TxnIndex,
    /// Bytes appended since the last offset index entry.
    since_entry: u64,
    largest: Largest,
    /// Largest timestamp of the first batch; what `segment.ms` counts from.
    first_timestamp: Option<i64>,
    created_ms: i64,
    recent: Recent,
    /// The log file has bytes that were not synced.
    dirty: bool,
}

/// The largest timestamp of a segment, read from its time index when first needed.
#[derive(Clone, Copy, Debug)]
enum Largest {
    Unread,
    Known(Option<TimeEntry>),
}

impl Segment {
    /// A segment whose files exist, with `size` bytes of whole batches.
    pub(crate) fn open(home: Arc<Home>, base: i64, size: u64, created_ms: i64) -> Self {
        let state = State {
            offsets: OffsetIndex::new(base, file_name(base, Suffix::OffsetIndex)),
            times: TimeIndex::new(base, file_name(base, Suffix::TimeIndex)),
            txns: TxnIndex::new(file_name(base, Suffix::TxnIndex)),
            since_entry: 0,
            largest: Largest::Unread,
            first_timestamp: None,
            created_ms,
            recent: Recent::default(),
            dirty: false,
        };
        Self {
            base,
            home,
            slot: FileSlot::default(),
            size: AtomicU64::new(size),
            deleted: AtomicBool::new(false),
            state: Mutex::new(state),
        }
    }

    /// A new empty segment; replaces files that a crash left under its names.
    pub(crate) fn create(home: Arc<Home>, base: i64, now_ms: i64) -> Result<Self, DiskError> {
        for suffix in [Suffix::Log, Suffix::OffsetIndex, Suffix::TimeIndex] {
            home.disk().open(&home.path(&file_name(base, suffix)), OpenMode::Truncate)?;
        }
        let segment = Self::open(home, base, 0, now_ms);
        {
            let mut state = lock(&segment.state);
            state.largest = Largest::Known(None);
            state.dirty = true;
        }
        Ok(segment)
    }

    pub(crate) fn base(&self) -> i64 {
        self.base
    }

    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    /// Its files are gone or about to go.
    pub(crate) fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    pub(crate) fn created_ms(&self) -> i64 {
        lock(&self.state).created_ms
    }

    pub(crate) fn file(&self) -> Result<Arc<dyn DiskFile>, DiskError> {
        self.slot.open(&self.home, &file_name(self.base, Suffix::Log), OpenMode::Write)
    }

    /// Writes out the index entries in memory and makes the whole segment durable.
    pub(crate) fn sync(&self) -> Result<(), DiskError> {
        let (files, log_is_dirty) = {
            let mut state = lock(&self.state);
            let State { offsets, times, txns, .. } = &mut *state;
            // Whatever can fail for want of space comes before anything counts as synced.
            offsets.entries.write(&self.home)?;
            times.entries.write(&self.home)?;
            txns.entries.write(&self.home)?;
            if state.dirty {
                self.file()?;
            }
            let State { offsets, times, txns, .. } = &mut *state;
            let files = [
                offsets.entries.write_for_sync(&self.home)?,
                times.entries.write_for_sync(&self.home)?,
                txns.entries.write_for_sync(&self.home)?,
            ];
            (files, std::mem::take(&mut state.dirty))
        };
        // The log first: an index entry must not outlive the batch that it points to.
        if log_is_dirty {
            self.file()?.sync()?;
        }
        for file in files.into_iter().flatten() {
            file.sync()?;
        }
        Ok(())
    }

    /// Ends the time index with the largest timestamp, as at a roll and a clean close.
    pub(crate) fn seal(&self) -> Result<(), DiskError> {
        let mut state = lock(&self.state);
        let largest = state.largest(&self.home, self);
        if let Ok(Some(largest)) = largest {
            let pushed = state.times.push(&self.home, largest);
            warn_of_index(&pushed);
        }
        state.offsets.entries.write(&self.home)?;
        state.times.entries.write(&self.home)?;
        state.txns.entries.write(&self.home)?;
        state.recent = Recent::default();
        Ok(())
    }

    /// Closes files and frees memory that an idle segment does not need.
    pub(crate) fn release(&self) -> Result<(), DiskError> {
        let mut state = lock(&self.state);
        state.offsets.entries.release(&self.home)?;
        state.times.entries.release(&self.home)?;
        state.txns.entries.release(&self.home)?;
        state.recent = Recent::default();
        if !state.dirty {
            self.slot.close();
        }
        Ok(())
    }
}

impl State {
    fn largest(&mut self, home: &Home, segment: &Segment) -> Result<Option<TimeEntry>, IndexError> {
        if let Largest::Known(entry) = self.largest {
            return Ok(entry);
        }
        self.load_times(home, segment)?;
        let last = self.times.last();
        self.largest = Largest::Known(last);
        Ok(last)
    }
}

/// An index is a cache: what could not be written is rebuilt from the log.
fn warn_of_index(result: &Result<(), IndexError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "cannot add to an index");
    }
}
