//! `.index`: offset → position in the segment (`OffsetIndex`).

use super::entries::{Entries, IndexError};
use crate::disk::Home;

/// Bytes of an entry: relative offset, position.
const ENTRY: usize = 8;

/// The last offset of a batch and where that batch starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OffsetEntry {
    pub(crate) offset: i64,
    pub(crate) position: u32,
}

#[derive(Debug)]
pub(crate) struct OffsetIndex {
    base: i64,
    pub(crate) entries: Entries<ENTRY>,
}

impl OffsetIndex {
    pub(crate) fn new(base: i64, name: String) -> Self {
        Self { base, entries: Entries::new(name) }
    }

    /// Reads the extent of the index and rejects one that cannot be right.
    pub(crate) fn load(&mut self, home: &Home) -> Result<(), IndexError> {
        self.entries.load(home)?;
        let Some(last) = self.entries.last().copied() else { return Ok(()) };
        let first = self.entries.page(home, 0)?.first().copied().unwrap_or_default();
        let (first, last) = (self.decode(&first), self.decode(&last));
        let several = self.entries.len() > 1;
        let ordered = first.offset < last.offset && first.position < last.position;
        // A preallocated tail of zeros also fails here.
        if last.offset < self.base || (several && !ordered) {
            return Err(self.entries.corrupt());
        }
        Ok(())
    }

    pub(crate) fn last(&self) -> Option<OffsetEntry> {
        self.entries.last().map(|entry| self.decode(entry))
    }

    pub(crate) fn is_full(&self, bytes_max: u32) -> bool {
        self.entries.len() >= u64::from(bytes_max) / ENTRY as u64
    }

    /// Adds an entry unless its offset is not above the last one's.
    pub(crate) fn push(&mut self, home: &Home, entry: OffsetEntry) -> Result<(), IndexError> {
        self.entries.load(home)?;
        if self.last().is_some_and(|last| last.offset >= entry.offset) {
            return Ok(());
        }
        let Ok(relative) = i32::try_from(entry.offset - self.base) else { return Ok(()) };
        let mut bytes = [0; ENTRY];
        bytes[..4].copy_from_slice(&relative.to_be_bytes());
        bytes[4..].copy_from_slice(&entry.position.to_be_bytes());
        self.entries.push(home, bytes)
    }

    /// Where to start a scan for `offset`: at or before the batch that holds it.
    pub(crate) fn position(&mut self, home: &Home, offset: i64) -> Result<u32, IndexError> {
        self.load_once(home)?;
        let base = self.base;
        let found = self.entries.floor(home, |entry| decode(base, entry).offset <= offset)?;
        Ok(found.map_or(0, |(_, entry)| self.decode(&entry).position))
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
        let mut last: Option<OffsetEntry> = None;
        self.entries.keep_while(home, |entry| {
            let entry = decode(base, entry);
            let grows = last
                .is_none_or(|last| entry.offset > last.offset && entry.position > last.position);
            last = Some(entry);
            grows && entry.offset >= base && entry.offset < offset
        })
    }

    fn load_once(&mut self, home: &Home) -> Result<(), IndexError> {
        if self.entries.is_loaded() { Ok(()) } else { self.load(home) }
    }

    fn decode(&self, entry: &[u8; ENTRY]) -> OffsetEntry {
        decode(self.base, entry)
    }
}

fn decode(base: i64, entry: &[u8; ENTRY]) -> OffsetEntry {
    let [a, b, c, d, e, f, g, h] = *entry;
    OffsetEntry {
        offset: base.saturating_add(i64::from(i32::from_be_bytes([a, b, c, d]))),
        position: u32::from_be_bytes([e, f, g, h]),
    }
}
