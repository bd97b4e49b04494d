//! Reads, as ranges of segment files.

use super::{Log, ReadError, View};
use crate::disk::{DiskError, lock};
use crate::index::AbortedTxn;
use crate::segment::{FileRange, Segment};

/// What to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadRequest {
    /// First offset wanted; the batch that holds it may start below.
    pub offset: i64,
    /// Bytes to return at most.
    pub max_bytes: usize,
    /// Offset at which to stop: the high watermark, last stable offset or log end.
    pub upper: i64,
    /// Return the first batch whole even if it exceeds `max_bytes`.
    pub min_one: bool,
    /// Look up the aborted transactions of the range (read_committed).
    pub aborted: bool,
}

/// Result of a read.
#[derive(Clone, Debug, Default)]
pub struct ReadResult {
    /// The bytes, of one segment. `None` if there are none.
    pub range: Option<FileRange>,
    /// Aborted transactions, if asked for.
    pub aborted: Option<Vec<AbortedTxn>>,
}

impl Log {
    /// Finds the bytes from the batch that holds `offset` on.
    ///
    /// As Apache Kafka does, the range lies in one segment, ends at a batch boundary only if it
    /// reaches the segment's end or `upper`, and is empty if `max_bytes` does not cover the first
    /// batch (without `min_one`). Nothing of the data is read here; the log is not locked while
    /// its files are.
    ///
    /// # Errors
    /// `OutOfRange` for an offset below the log's start or above its end.
    pub fn read(&self, request: &ReadRequest) -> Result<ReadResult, ReadError> {
        self.touch();
        let view = lock(&self.view).clone();
        let ReadRequest { offset, upper, .. } = *request;
        if offset < view.start || offset > view.end {
            return Err(ReadError::OutOfRange { offset, start: view.start, end: view.end });
        }
        let mut result = ReadResult::default();
        let mut index = view.floor(offset);
        while offset < upper.min(view.end) && index < view.segments.len() {
            let segment = &view.segments[index];
            if segment.base() >= upper {
                break;
            }
            let limit = readable(&view, index, upper);
            match limit.and_then(|limit| find_range(segment, limit, request)) {
                // The batch is in a later segment: compaction left a gap here.
                Ok(None) => index += 1,
                Ok(Some(range)) => {
                    result.range = range;
                    break;
                }
                Err(ReadError::Disk(error)) if was_deleted(segment, &error) => {
                    let start = self.start_offset();
                    return Err(ReadError::OutOfRange { offset, start, end: view.end });
                }
                Err(error) => return Err(error),
            }
        }
        if request.aborted {
            let until = view.end_of(index.min(view.segments.len() - 1)).min(upper);
            result.aborted = Some(match &result.range {
                Some(_) => self.aborted_transactions(offset, until)?,
                None => Vec::new(),
            });
        }
        Ok(result)
    }
}

/// The segment was retired between the copy of the view and the opening of its file.
fn was_deleted(segment: &Segment, error: &DiskError) -> bool {
    error.is_not_found() && segment.is_deleted()
}

/// Position up to which the segment may be read.
fn readable(view: &View, index: usize, upper: i64) -> Result<u64, ReadError> {
    let segment = &view.segments[index];
    // Bytes that were appended after the view was copied lie above its end.
    let is_active = index + 1 == view.segments.len();
    if upper >= view.end_of(index) && !is_active {
        return Ok(segment.size());
    }
    let size = segment.size();
    let found = segment.find(upper.min(view.end))?;
    Ok(found.map_or(size, |batch| batch.position))
}

/// `Ok(None)`: every batch of the segment ends below the offset.
fn find_range(
    segment: &Segment,
    limit: u64,
    request: &ReadRequest,
) -> Result<Option<Option<FileRange>>, ReadError> {
    let Some(first) = segment.find(request.offset)? else { return Ok(None) };
    let whole = usize::try_from(first.size).unwrap_or(usize::MAX);
    let max = if request.min_one { request.max_bytes.max(whole) } else { request.max_bytes };
    let available = usize::try_from(limit.saturating_sub(first.position)).unwrap_or(usize::MAX);
    if max < whole || available == 0 {
        return Ok(Some(None));
    }
    let range = FileRange::new(segment.file()?, first.position, available.min(max));
    Ok(Some(Some(range)))
}
