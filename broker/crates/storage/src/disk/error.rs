//! The one error of the disk seam.

use std::io;
use std::path::{Path, PathBuf};

/// An operation on a path failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {source}", path.display())]
pub struct DiskError {
    /// What was attempted, as a verb.
    pub operation: &'static str,
    /// On which file or directory.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

/// The verb of operations that make something durable.
const SYNC: &str = "sync";

/// `ENFILE` and `EMFILE`: too many open files, in the system or in the process.
const PROCESS_LIMITS: [i32; 2] = [23, 24];

/// What a failed operation says about the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is known of what is on the medium any more.
    Broken,
    /// There is no space; reads and deletions go on.
    Full,
    /// The file is gone. A deletion may have been faster; or the volume is.
    Missing,
    /// The process or the system is short of something else than disk.
    Passing,
}

impl DiskError {
    pub(crate) fn new(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self { operation, path: path.to_path_buf(), source }
    }

    /// The file or directory does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }

    /// What the failure says about the disk.
    #[must_use]
    pub fn severity(&self) -> Severity {
        // A sync that failed is never tried again, whatever the reason: the kernel has forgotten
        // which pages it could not write.
        if self.operation == SYNC {
            return Severity::Broken;
        }
        if self.is_full() {
            return Severity::Full;
        }
        let of_the_process =
            self.source.raw_os_error().is_some_and(|code| PROCESS_LIMITS.contains(&code));
        match self.source.kind() {
            io::ErrorKind::OutOfMemory | io::ErrorKind::Interrupted => Severity::Passing,
            _ if of_the_process => Severity::Passing,
            io::ErrorKind::NotFound => Severity::Missing,
            _ => Severity::Broken,
        }
    }

    /// The volume (or the quota on it) is full; the operation may succeed later.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}
