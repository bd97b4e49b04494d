//! What the core needs to know about the metadata log.

use crate::{Epoch, LogPosition};

/// A read-only view of the metadata log, as it is after every action executed so far.
pub trait LogView {
    /// The end of the log: its end offset and the epoch of its last record (of the snapshot it
    /// starts from when it holds none).
    fn end(&self) -> LogPosition;

    /// The first offset in the log.
    fn start_offset(&self) -> i64;

    /// The largest epoch at or below `epoch` that the log knows, and where that epoch ends; for an
    /// epoch below everything known, the start of the log (`LeaderEpochFileCache.endOffsetFor`).
    fn end_for_epoch(&self, epoch: Epoch) -> LogPosition;

    /// The newest snapshot, the bootstrap snapshot left out.
    fn latest_snapshot(&self) -> Option<LogPosition>;

    /// The oldest snapshot, the bootstrap snapshot left out.
    fn earliest_snapshot(&self) -> Option<LogPosition>;

    /// The size of a snapshot in bytes.
    fn snapshot_size(&self, id: LogPosition) -> Option<u64>;
}
