//! ListOffsets by timestamp.

use super::{Log, ReadError};
use crate::disk::lock;
use crate::index::TimeEntry;
use crate::segment::{Segment, Stamped};

/// A record found by its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampOffset {
    /// Of the record, ms.
    pub timestamp: i64,
    /// Of the record.
    pub offset: i64,
    /// Under which it was appended; -1 unknown.
    pub leader_epoch: i32,
}

impl Log {
    /// The first record with at least this timestamp.
    ///
    /// # Errors
    /// If the disk fails or the log is damaged.
    pub fn offset_for_timestamp(
        &self,
        timestamp: i64,
    ) -> Result<Option<TimestampOffset>, ReadError> {
        let view = lock(&self.view).clone();
        for segment in view.segments.iter() {
            if segment.size() == 0 {
                continue;
            }
            let largest = largest(segment)?;
            if largest.is_none_or(|largest| largest.timestamp < timestamp) {
                continue;
            }
            if let Some(found) = segment.find_timestamp(timestamp, view.start)? {
                return Ok(Some(found.into()));
            }
        }
        Ok(None)
    }

    /// The first record that has the largest timestamp.
    ///
    /// # Errors
    /// If the disk fails or the log is damaged.
    pub fn max_timestamp(&self) -> Result<Option<TimestampOffset>, ReadError> {
        let view = lock(&self.view).clone();
        let mut newest: Option<(TimeEntry, &Segment)> = None;
        for segment in view.segments.iter() {
            let Some(found) = largest(segment)? else { continue };
            if newest.is_none_or(|(known, _)| found.timestamp > known.timestamp) {
                newest = Some((found, segment));
            }
        }
        let Some((entry, segment)) = newest else { return Ok(None) };
        let found = segment.find_timestamp(entry.timestamp, view.start)?;
        Ok(found.map(Into::into))
    }
}

fn largest(segment: &Segment) -> Result<Option<TimeEntry>, ReadError> {
    match segment.largest_timestamp() {
        Ok(entry) => Ok(entry),
        Err(error) => super::error::index_failed(error).map_or(Ok(None), |e| Err(e.into())),
    }
}

impl From<Stamped> for TimestampOffset {
    fn from(found: Stamped) -> Self {
        let Stamped { timestamp, offset, leader_epoch } = found;
        Self { timestamp, offset, leader_epoch }
    }
}
