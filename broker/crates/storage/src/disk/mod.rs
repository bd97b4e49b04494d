//! The seam between logs and storage: [`RealDisk`] for a broker, [`SimDisk`] for the simulator.
//!
//! Everything that storage does to files goes through these two traits, so that a test can crash
//! a workload at every step, lose what was not synced and return ENOSPC or EIO.

mod error;
mod file;
mod home;
mod real;
mod reserve;
mod sim;

use std::any::Any;
use std::fmt::Debug;
use std::fs::File;
use std::io::IoSlice;
use std::path::Path;
use std::sync::Arc;

pub use self::error::{DiskError, Severity};
pub(crate) use self::file::read_full;
pub use self::file::{read_file, write_atomically};
pub(crate) use self::home::{FileSlot, Home, lock};
pub use self::real::RealDisk;
pub use self::reserve::ReserveDisk;
pub use self::sim::{CrashKind, Fault, FaultKind, SimDisk};

/// Directories and files of one machine.
pub trait Disk: Debug + Send + Sync {
    /// Creates a directory and its parents; an existing one is fine.
    fn create_dir(&self, path: &Path) -> Result<(), DiskError>;

    /// Names in a directory, sorted, with what `stat` tells of each.
    fn list(&self, dir: &Path) -> Result<Vec<Entry>, DiskError>;

    /// What is at the path, `None` if nothing is.
    fn metadata(&self, path: &Path) -> Result<Option<Metadata>, DiskError>;

    /// Opens a file for positioned reads and writes.
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn DiskFile>, DiskError>;

    /// Renames a file or directory, replacing a file at the target atomically. Durable only after
    /// [`Disk::sync_dir`] of the parent.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError>;

    /// Removes a file. Fails if it is absent.
    fn remove_file(&self, path: &Path) -> Result<(), DiskError>;

    /// Removes a directory with everything in it. An absent one is fine.
    fn remove_dir(&self, path: &Path) -> Result<(), DiskError>;

    /// Makes the names in a directory durable.
    fn sync_dir(&self, path: &Path) -> Result<(), DiskError>;

    /// Takes an exclusive lock on the file, which lasts until the returned value is dropped.
    /// Fails with `WouldBlock` if another process holds it.
    fn lock(&self, path: &Path) -> Result<Lock, DiskError>;

    /// Size of the volume that holds the path.
    fn capacity(&self, path: &Path) -> Result<Capacity, DiskError>;
}

/// An open file. Positions and lengths are bytes.
pub trait DiskFile: Debug + Send + Sync {
    /// Path at which the file was opened; it may have been renamed since.
    fn path(&self) -> &Path;

    /// Reads up to `buffer.len()` bytes; 0 means the end of the file.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize, DiskError>;

    /// Writes all slices one after the other, starting at `position`.
    fn write_at(&self, slices: &[IoSlice<'_>], position: u64) -> Result<(), DiskError>;

    /// Current length.
    fn size(&self) -> Result<u64, DiskError>;

    /// Cuts or extends (with zeros) the file.
    fn truncate(&self, size: u64) -> Result<(), DiskError>;

    /// Makes the content and length durable. After a failure the content on disk is unknown and
    /// must not be synced again (the kernel marks the pages clean).
    fn sync(&self) -> Result<(), DiskError>;

    /// Reserves space beyond the end without changing the length, where the file system can.
    fn allocate(&self, position: u64, len: u64) -> Result<(), DiskError>;

    /// The operating system's file, for `sendfile`; `None` on a simulated disk.
    fn os_file(&self) -> Option<&Arc<File>>;
}

/// How to open a file. All modes but `Read` also read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Existing file, reads only.
    Read,
    /// Existing file.
    Write,
    /// Existing file, or a new empty one.
    Create,
    /// A new empty file in place of whatever is there.
    Truncate,
}

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name without the directory. Names that are not UTF-8 are left out of listings.
    pub name: String,
    /// What the name stands for.
    pub metadata: Metadata,
}

/// What `stat` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Directory rather than file.
    pub is_dir: bool,
    /// Length in bytes; 0 for a directory.
    pub size: u64,
    /// Time of the last write, milliseconds since the epoch.
    pub modified_ms: i64,
}

/// Bytes of a volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// All bytes.
    pub total: u64,
    /// Bytes that this process may still write.
    pub usable: u64,
}

/// An exclusive lock; dropping it releases it.
#[derive(Debug)]
pub struct Lock {
    _held: Box<dyn LockGuard>,
}

impl Lock {
    pub(crate) fn new(held: impl LockGuard + 'static) -> Self {
        Self { _held: Box::new(held) }
    }
}

pub(crate) trait LockGuard: Any + Debug + Send + Sync {}
