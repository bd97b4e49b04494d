//! `.timeindex`: timestamp → offset (`TimeIndex`).

use super::entries::{Entries, IndexError};
use crate::disk::Home;

/// Bytes of an entry: timestamp, relative offset.
const ENTRY: usize = 12;

/// The largest timestamp so far and the last offset of the batch that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeEntry {
    pub(crate) timestamp: i64,
    pub(crate) offset: i64,
}

#[derive(Debug)]
pub(crate) struct TimeIndex {
    base: i64,
    pub(crate) entries: Entries<ENTRY>,
}

impl TimeIndex {
    pub(crate) fn new(base: i64, name: String) -> Self {
        Self { base, entries: Entries::new(name) }
    }

    /// Reads the extent of the index and rejects one that cannot be right.
    pub(crate) fn load(&mut self, home: &Home) -> Result<(), IndexError> {
        self.entries.load(home)?;
        let Some(last) = self.last() else { return Ok(()) };
        let first = self.entries.page(home, 0)?.first().map(|entry| decode(self.base, entry));
        let ordered = first.is_some_and(|first| first.timestamp <= last.timestamp);
        // A preallocated tail of zeros also fails here: no record has a timestamp of 0 after a
        // later one.
        if last.offset < self.base || !ordered {
            return Err(self.entries.corrupt());
        }
        Ok(())
    }

    pub(crate) fn last(&self) -> Option<TimeEntry> {
        self.entries.last().map(|entry| decode(self.base, entry))
    }

    /// One slot is kept for the entry that a roll adds.
    pub(crate) fn is_full(&self, bytes_max: u32) -> bool {
        self.entries.len() + 1 >= u64::from(bytes_max) / ENTRY as u64
    }

    /// Adds an entry if its timestamp is above the last one's.
    pub(crate) fn push(&mut self, home: &Home, entry: TimeEntry) -> Result<(), IndexError> {
        self.entries.load(home)?;
        let grown = self
            .last()
            .is_none_or(|last| entry.timestamp > last.timestamp && entry.offset >= last.offset);
        let Ok(relative) = i32::try_from(entry.offset - self.base) else { return Ok(()) };
        if !grown || entry.timestamp < 0 {
            return Ok(());
        }
        let mut bytes = [0; ENTRY];
        bytes[..8].copy_from_slice(&entry.timestamp.to_be_bytes());
        bytes[8..].copy_from_slice(&relative.to_be_bytes());
        self.entries.push(home, bytes)
    }

    /// The last entry with a timestamp below `timestamp`: every record up to and including its
    /// offset is older than `timestamp`.
    pub(crate) fn below(
        &mut self,
        home: &Home,
        timestamp: i64,
    ) -> Result<Option<TimeEntry>, IndexError> {
        self.load_once(home)?;
        let base = self.base;
        let found = self.entries.floor(home, |e| decode(base, e).timestamp < timestamp)?;
        Ok(found.map(|(_, entry)| decode(base, &entry)))
    }

    /// Drops entries of batches that end at or above `offset`.
    pub(crate) fn truncate_to(&mut self, home: &Home, offset: i64) -> Result<(), IndexError> {
        self.load_once(home)?;
        let base = self.base;
        let found = self.entries.floor(home, |entry| decode(base, entry).offset < offset)?;
        self.entries.truncate(home, found.map_or(0, |(number, _)| number + 1))
    }

    /// After an unclean stop: drops entries that end at or above `offset`, and everything from
    /// the first entry on that is not above its predecessor.
    pub(crate) fn keep_below(&mut self, home: &Home, offset: i64) -> Result<(), IndexError> {
        let base = self.base;
        let mut last: Option<TimeEntry> = None;
        self.entries.keep_while(home, |entry| {
            let entry = decode(base, entry);
            let grows = last
                .is_none_or(|last| entry.timestamp > last.timestamp && entry.offset >= last.offset);
            last = Some(entry);
            grows && entry.offset >= base && entry.offset < offset
        })
    }

    fn load_once(&mut self, home: &Home) -> Result<(), IndexError> {
        if self.entries.is_loaded() { Ok(()) } else { self.load(home) }
    }
}

fn decode(base: i64, entry: &[u8; ENTRY]) -> TimeEntry {
    let [t0, t1, t2, t3, t4, t5, t6, t7, o0, o1, o2, o3] = *entry;
    TimeEntry {
        timestamp: i64::from_be_bytes([t0, t1, t2, t3, t4, t5, t6, t7]),
        offset: base.saturating_add(i64::from(i32::from_be_bytes([o0, o1, o2, o3]))),
    }
}
