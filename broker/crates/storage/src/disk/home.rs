//! Where a partition's files live, and handles to them that are opened when first needed.
//!
//! An idle partition keeps no file open: a broker with thousands of them needs neither the
//! descriptors nor the time at start.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, DiskError, DiskFile, OpenMode};

/// A directory that may be renamed while its files are in use.
#[derive(Debug)]
pub(crate) struct Home {
    disk: Arc<dyn Disk>,
    dir: Mutex<PathBuf>,
}

impl Home {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: PathBuf) -> Self {
        Self { disk, dir: Mutex::new(dir) }
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        self.disk.as_ref()
    }

    pub(crate) fn dir(&self) -> PathBuf {
        lock(&self.dir).clone()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        lock(&self.dir).join(name)
    }

    pub(crate) fn rename(&self, to: &Path) -> Result<(), DiskError> {
        let mut dir = lock(&self.dir);
        self.disk.rename(&dir, to)?;
        *dir = to.to_path_buf();
        Ok(())
    }

    /// Makes the directory's names and its own name in its parent durable.
    pub(crate) fn sync(&self) -> Result<(), DiskError> {
        let dir = self.dir();
        self.disk.sync_dir(&dir)?;
        dir.parent().map_or(Ok(()), |parent| self.disk.sync_dir(parent))
    }
}

/// A file of a [`Home`], opened on first use.
#[derive(Debug, Default)]
pub(crate) struct FileSlot {
    handle: Mutex<Option<Arc<dyn DiskFile>>>,
}

impl FileSlot {
    pub(crate) fn open(
        &self,
        home: &Home,
        name: &str,
        mode: OpenMode,
    ) -> Result<Arc<dyn DiskFile>, DiskError> {
        let mut handle = lock(&self.handle);
        if let Some(file) = handle.as_ref() {
            return Ok(Arc::clone(file));
        }
        let file = home.disk().open(&home.path(name), mode)?;
        *handle = Some(Arc::clone(&file));
        Ok(file)
    }

    /// Drops the handle; readers that hold a clone keep the file open until they are done.
    pub(crate) fn close(&self) {
        *lock(&self.handle) = None;
    }
}

/// A panic while a lock was held leaves data that recovery at the next start can judge; the
/// process should go on serving other partitions until then.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
