//! What can go wrong with a log.

use std::path::PathBuf;

use barnabas_records::BatchError;

use crate::disk::DiskError;
use crate::index::IndexError;
use crate::producer::ProducerError;
use crate::segment::{AppendFailure, RecoverError, WalkError};

/// A log cannot be opened, flushed or shortened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Bytes that were durable are damaged. Nothing was changed: the rest of the log may be good.
    #[error("the log in {} is damaged at position {position}: {reason}", dir.display())]
    Damaged {
        /// Directory of the partition.
        dir: PathBuf,
        /// Where in the segment.
        position: u64,
        /// What is wrong there.
        reason: BatchError,
    },
    /// The disk fails.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// An earlier sync failed; only a restart tells what is on the medium.
    #[error("the log failed before and is offline until a restart")]
    Offline,
    /// The offset asked for is not in the log.
    #[error("offset {offset} is not in {start}..={end}")]
    OutOfRange {
        /// Asked for.
        offset: i64,
        /// First of the log.
        start: i64,
        /// End of the log.
        end: i64,
    },
}

/// An append was refused or failed: nothing was appended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The bytes are not whole batches (Kafka: `CORRUPT_MESSAGE`).
    #[error("invalid batch: {0}")]
    Batch(#[from] BatchError),
    /// The disk fails (Kafka: `KAFKA_STORAGE_ERROR`).
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// An earlier sync failed (Kafka: `KAFKA_STORAGE_ERROR`).
    #[error("the log failed before and is offline until a restart")]
    Offline,
    /// A replicated batch starts below the log's end.
    #[error("batch starts at offset {offset}, the log ends at {end}")]
    OffsetOutOfOrder {
        /// Of the batch.
        offset: i64,
        /// Of the log.
        end: i64,
    },
    /// A producer or transaction coordinator broke a rule.
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// The batches exceed `segment.bytes` (Kafka: `RECORD_LIST_TOO_LARGE`).
    #[error("{bytes} bytes exceed the segment size of {max}")]
    TooLarge {
        /// Of the batches.
        bytes: u64,
        /// `segment.bytes`.
        max: u64,
    },
}

/// A read failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The segment's bytes are not batches (Kafka: `CORRUPT_MESSAGE`).
    #[error("the log is damaged at position {position}: {reason}")]
    Damaged {
        /// Where in the segment.
        position: u64,
        /// What is wrong there.
        reason: BatchError,
    },
    /// The disk fails (Kafka: `KAFKA_STORAGE_ERROR`).
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The offset is below the log's start or above its end (Kafka: `OFFSET_OUT_OF_RANGE`).
    #[error("offset {offset} is not in {start}..={end}")]
    OutOfRange {
        /// Asked for.
        offset: i64,
        /// First of the log.
        start: i64,
        /// End of the log.
        end: i64,
    },
}

impl LogError {
    /// The failure of the disk, if that is the reason.
    #[must_use]
    pub fn disk(&self) -> Option<&DiskError> {
        if let Self::Disk(error) = self { Some(error) } else { None }
    }
}

impl AppendError {
    /// The failure of the disk, if that is the reason.
    #[must_use]
    pub fn disk(&self) -> Option<&DiskError> {
        if let Self::Disk(error) = self { Some(error) } else { None }
    }
}

impl ReadError {
    /// The failure of the disk, if that is the reason.
    #[must_use]
    pub fn disk(&self) -> Option<&DiskError> {
        if let Self::Disk(error) = self { Some(error) } else { None }
    }
}

impl From<WalkError> for ReadError {
    fn from(error: WalkError) -> Self {
        match error {
            WalkError::Disk(error) => Self::Disk(error),
            WalkError::Invalid { position, reason } => Self::Damaged { position, reason },
        }
    }
}

impl LogError {
    pub(super) fn from_walk(dir: PathBuf, error: WalkError) -> Self {
        match error {
            WalkError::Disk(error) => Self::Disk(error),
            WalkError::Invalid { position, reason } => Self::Damaged { dir, position, reason },
        }
    }

    pub(super) fn from_recovery(dir: PathBuf, error: RecoverError) -> Self {
        match error {
            RecoverError::Walk(error) => Self::from_walk(dir, error),
            RecoverError::Damaged { position, reason, .. } => {
                Self::Damaged { dir, position, reason }
            }
        }
    }
}

impl From<AppendFailure> for AppendError {
    fn from(failure: AppendFailure) -> Self {
        Self::Disk(failure.error)
    }
}

/// An index that cannot be read although it was just rebuilt: only the disk can be the reason.
pub(super) fn index_failed(error: IndexError) -> Option<DiskError> {
    match error {
        IndexError::Disk(error) => Some(error),
        IndexError::Corrupt { .. } => None,
    }
}
