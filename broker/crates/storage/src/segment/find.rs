//! From an offset to the batch that holds it.

use std::collections::VecDeque;

use barnabas_records::BatchHeader;

use super::{Placed, Segment, State, Walk, WalkError};
use crate::disk::{DiskError, Home, OpenMode, lock};
use crate::index::IndexError;

/// Batches remembered at the end of the active segment: consumers at the tail and the high
/// watermark of the last appends are found without a look at a file.
const RECENT: usize = 16;

/// A batch's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) base_offset: i64,
    pub(crate) last_offset: i64,
    pub(crate) position: u64,
    pub(crate) size: u64,
}

impl Located {
    fn new(header: &BatchHeader, position: u64) -> Self {
        Self {
            base_offset: header.base_offset,
            last_offset: header.last_offset(),
            position,
            size: header.size() as u64,
        }
    }
}

/// The last batches that were appended, oldest first, without a gap.
#[derive(Debug, Default)]
pub(super) struct Recent {
    batches: VecDeque<Located>,
}

impl Recent {
    pub(super) fn push(&mut self, header: &BatchHeader, position: u64) {
        if self.batches.len() == RECENT {
            self.batches.pop_front();
        }
        self.batches.push_back(Located::new(header, position));
    }

    /// The first batch that ends at or above `offset`, `Some(None)` if there is none; `None` if
    /// it may be one that is not remembered.
    fn find(&self, offset: i64) -> Option<Option<Located>> {
        let oldest = self.batches.front()?;
        if offset < oldest.base_offset {
            return None;
        }
        let at = self.batches.partition_point(|batch| batch.last_offset < offset);
        Some(self.batches.get(at).copied())
    }
}

impl Segment {
    /// The first batch that ends at or above `offset`; `None` if all end below.
    pub(crate) fn find(&self, offset: i64) -> Result<Option<Located>, WalkError> {
        let from = {
            let mut state = lock(&self.state);
            if let Some(found) = state.recent.find(offset) {
                return Ok(found);
            }
            state.scan_from(&self.home, self, offset)
        };
        let file = self.file()?;
        let size = self.size();
        let mut walk = Walk::new(file.as_ref(), from, size);
        let mut last = None;
        while let Some(placed) = walk.next()? {
            if placed.header.last_offset() >= offset {
                return Ok(Some(Located::new(&placed.header, placed.position)));
            }
            last = Some(placed);
        }
        if let Some(last) = last {
            self.remember_last(&last, size);
        }
        Ok(None)
    }

    /// Spares those who ask for the end of a segment that was idle the way there.
    fn remember_last(&self, last: &Placed, size: u64) {
        let mut state = lock(&self.state);
        if state.recent.batches.is_empty() && self.size() == size {
            state.recent.push(&last.header, last.position);
        }
    }

    /// Offset after the last batch that ends below `offset`; the base offset if there is none.
    pub(crate) fn end_below(&self, offset: i64) -> Result<i64, WalkError> {
        match self.find(offset)? {
            None => self.end_offset(),
            Some(first) if first.position == 0 => Ok(self.base),
            // Batches follow one another, but for gaps that compaction leaves.
            Some(first) => Ok(first.base_offset),
        }
    }

    /// A position at or before the first batch that ends at or above `offset`.
    pub(crate) fn scan_from(&self, offset: i64) -> u64 {
        lock(&self.state).scan_from(&self.home, self, offset)
    }

    /// Offset after the last batch; the base offset of an empty segment.
    pub(crate) fn end_offset(&self) -> Result<i64, WalkError> {
        if self.size() == 0 {
            return Ok(self.base);
        }
        let from = self.scan_from(i64::MAX);
        let file = self.file()?;
        let mut walk = Walk::new(file.as_ref(), from, self.size());
        let mut end = self.base;
        while let Some(placed) = walk.next()? {
            end = placed.header.next_offset();
        }
        Ok(end)
    }

    /// Builds offset and time index anew from the log.
    pub(crate) fn rebuild_indexes(&self) -> Result<(), WalkError> {
        lock(&self.state).rebuild(&self.home, self)
    }

    /// Largest timestamp of the first batch; `None` if it has none.
    pub(crate) fn first_timestamp(&self) -> Result<Option<i64>, DiskError> {
        let known = lock(&self.state).first_timestamp;
        if known.is_some() || self.size() == 0 {
            return Ok(known);
        }
        let file = self.file()?;
        let first = match Walk::new(file.as_ref(), 0, self.size()).next() {
            Ok(first) => first,
            Err(WalkError::Disk(error)) => return Err(error),
            Err(WalkError::Invalid { .. }) => None,
        };
        let timestamp = first.map(|placed| placed.header.max_timestamp).filter(|ms| *ms >= 0);
        lock(&self.state).first_timestamp = timestamp;
        Ok(timestamp)
    }
}

impl State {
    fn scan_from(&mut self, home: &Home, segment: &Segment, offset: i64) -> u64 {
        self.load_indexes(home, segment);
        let position = self.offsets.position(home, offset).map_or(0, u64::from);
        if position < segment.size() { position } else { 0 }
    }

    /// Loads both indexes; rebuilds what is corrupt. An index that cannot be read at all is left
    /// alone: everything can be found by walking over the log.
    pub(super) fn load_indexes(&mut self, home: &Home, segment: &Segment) {
        if self.offsets.entries.is_loaded() && self.times.entries.is_loaded() {
            return;
        }
        let loaded = self.offsets.load(home).and_then(|()| self.times.load(home));
        if let Err(error) = loaded {
            tracing::warn!(%error, "rebuilding the indexes of a segment");
            if let Err(error) = self.rebuild(home, segment) {
                tracing::warn!(%error, "cannot rebuild the indexes of a segment");
            }
        }
    }

    pub(super) fn load_times(&mut self, home: &Home, segment: &Segment) -> Result<(), IndexError> {
        self.load_indexes(home, segment);
        self.times.entries.load(home)
    }

    /// Builds offset and time index anew from the log.
    fn rebuild(&mut self, home: &Home, segment: &Segment) -> Result<(), WalkError> {
        self.offsets.entries.reset(home)?;
        self.times.entries.reset(home)?;
        let name = super::file_name(segment.base, super::Suffix::Log);
        let file = home.disk().open(&home.path(&name), OpenMode::Read)?;
        self.largest = super::Largest::Known(None);
        self.since_entry = 0;
        let mut walk = Walk::new(file.as_ref(), 0, segment.size());
        while let Some(placed) = walk.next()? {
            let interval = crate::log::INDEX_INTERVAL_BYTES;
            self.note(home, &placed.header, placed.position, interval);
        }
        if let super::Largest::Known(Some(largest)) = self.largest {
            let pushed = self.times.push(home, largest);
            super::warn_of_index(&pushed);
        }
        Ok(())
    }
}
