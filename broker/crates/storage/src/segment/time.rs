//! From a timestamp to the first record at or after it.

use std::ops::ControlFlow;

use barnabas_records::{HEADER_LEN, TimestampType, scan::scan};

use super::{Placed, Segment, Suffix, Walk, WalkError, file_name};
use crate::disk::{DiskError, DiskFile, lock, read_full};
use crate::index::{IndexError, TimeEntry};

/// A record found by its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamped {
    pub(crate) timestamp: i64,
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
}

impl Segment {
    /// The largest timestamp; `None` if no record has one.
    pub(crate) fn largest_timestamp(&self) -> Result<Option<TimeEntry>, IndexError> {
        lock(&self.state).largest(&self.home, self)
    }

    /// Age of the newest record for retention: its timestamp, else the time of the last write.
    pub(crate) fn newest_ms(&self) -> Result<i64, DiskError> {
        match self.largest_timestamp() {
            Ok(Some(entry)) => Ok(entry.timestamp),
            Ok(None) | Err(IndexError::Corrupt { .. }) => {
                let name = file_name(self.base, Suffix::Log);
                let found = self.home.disk().metadata(&self.home.path(&name))?;
                Ok(found.map_or_else(|| self.created_ms(), |found| found.modified_ms))
            }
            Err(IndexError::Disk(error)) => Err(error),
        }
    }

    /// The first record with at least this timestamp and offset.
    pub(crate) fn find_timestamp(
        &self,
        timestamp: i64,
        start: i64,
    ) -> Result<Option<Stamped>, WalkError> {
        let below = {
            let mut state = lock(&self.state);
            state.load_indexes(&self.home, self);
            state.times.below(&self.home, timestamp)
        };
        let older = below.ok().flatten().map_or(self.base, |entry| entry.offset);
        let Some(first) = self.find(older.max(start))? else { return Ok(None) };
        let file = self.file()?;
        let mut walk = Walk::new(file.as_ref(), first.position, self.size());
        while let Some(placed) = walk.next()? {
            if placed.header.max_timestamp < timestamp {
                continue;
            }
            if let Some(found) = find_in_batch(file.as_ref(), &placed, timestamp, start)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

fn find_in_batch(
    file: &dyn DiskFile,
    placed: &Placed,
    timestamp: i64,
    start: i64,
) -> Result<Option<Stamped>, WalkError> {
    let header = &placed.header;
    let stamped = |offset, timestamp| Stamped {
        timestamp,
        offset,
        leader_epoch: header.partition_leader_epoch,
    };
    if header.timestamp_type() == TimestampType::LogAppendTime {
        return Ok(Some(stamped(header.base_offset.max(start), header.max_timestamp)));
    }
    let mut payload = vec![0; header.size() - HEADER_LEN];
    read_full(file, &mut payload, placed.position + HEADER_LEN as u64)?;
    let mut found = None;
    let scanned = scan(header, &payload, |record| {
        let offset = header.base_offset.saturating_add(i64::from(record.offset_delta));
        let at = header.record_timestamp(record.timestamp_delta);
        if at >= timestamp && offset >= start {
            found = Some(stamped(offset, at));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    scanned.map_err(|reason| WalkError::Invalid { position: placed.position, reason })?;
    Ok(found)
}
