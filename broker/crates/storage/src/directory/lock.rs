//! `.lock`: one process per log directory.

use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{Disk, DiskError, Lock};

/// The directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// The disk fails.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Another broker is running on it.
    #[error("another process uses the log directory {}", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
}

/// Locks a log directory until the returned value is dropped or the process ends.
///
/// # Errors
/// `InUse` if another broker, ours or Apache Kafka, has it.
pub fn lock_directory(disk: &dyn Disk, dir: &Path) -> Result<Lock, LockError> {
    disk.lock(&dir.join(".lock")).map_err(|error| {
        if error.source.kind() == io::ErrorKind::WouldBlock {
            LockError::InUse { dir: dir.to_path_buf() }
        } else {
            error.into()
        }
    })
}
