//! A disk with something in reserve: a file that is given up when the volume is full.

use std::fs::File;
use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::{Capacity, Disk, DiskError, DiskFile, Entry, Lock, Metadata, OpenMode, lock};

/// Name of the file that holds the space.
const FILE: &str = ".barnabas-reserve";
/// Bytes in reserve, on a large volume.
const BYTES_MAX: u64 = 8 << 20;
/// On a small one, this share.
const SHARE: u64 = 32;
/// The file is written anew when so many times its size are free.
const RENEW_FACTOR: u64 = 4;
const CHUNK: usize = 64 << 10;

/// Another disk, for what has to be written even when the volume is full: an operation that finds
/// no space is tried again once the reserve was given up. The reserve comes back when there is
/// space again.
#[derive(Clone, Debug)]
pub struct ReserveDisk {
    disk: Arc<dyn Disk>,
    reserve: Arc<Reserve>,
}

#[derive(Debug)]
struct Reserve {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    path: PathBuf,
    is_held: AtomicBool,
    /// Held while the file comes or goes.
    changing: Mutex<()>,
}

impl ReserveDisk {
    /// Puts space in reserve, in a directory that exists; as far as there is space.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, dir: &Path) -> Self {
        let path = dir.join(FILE);
        let is_held = matches!(disk.metadata(&path), Ok(Some(_)));
        let reserve = Reserve {
            disk: Arc::clone(&disk),
            dir: dir.to_path_buf(),
            path,
            is_held: AtomicBool::new(is_held),
            changing: Mutex::new(()),
        };
        reserve.renew();
        Self { disk, reserve: Arc::new(reserve) }
    }

    /// Whether there is anything in reserve now.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.reserve.is_held.load(Ordering::Acquire)
    }
}

impl Reserve {
    fn attempt<T>(&self, operation: impl Fn() -> Result<T, DiskError>) -> Result<T, DiskError> {
        match operation() {
            Err(error) if error.is_full() && self.give_up() => operation(),
            done => done,
        }
    }

    /// Removes the file; whether there was one.
    fn give_up(&self) -> bool {
        let _changing = lock(&self.changing);
        if !self.is_held.swap(false, Ordering::AcqRel) {
            return false;
        }
        tracing::error!(dir = %self.dir.display(), "the volume is full: using the reserve");
        self.disk.remove_file(&self.path).is_ok()
    }

    /// Writes the file if it is absent and there is plenty of space.
    fn renew(&self) {
        if self.is_held.load(Ordering::Acquire) {
            return;
        }
        let _changing = lock(&self.changing);
        let Ok(volume) = self.disk.capacity(&self.dir) else { return };
        let bytes = (volume.total / SHARE).min(BYTES_MAX);
        // A volume without limit needs no reserve.
        if volume.total == u64::MAX || volume.usable < bytes * RENEW_FACTOR {
            return;
        }
        if self.write(bytes).is_ok() {
            self.is_held.store(true, Ordering::Release);
        } else {
            // It is tried again.
            let _ = self.disk.remove_file(&self.path);
        }
    }

    fn write(&self, bytes: u64) -> Result<(), DiskError> {
        let file = self.disk.open(&self.path, OpenMode::Truncate)?;
        let chunk = [0; CHUNK];
        let mut position = 0;
        while position < bytes {
            let len = CHUNK.min(usize::try_from(bytes - position).unwrap_or(CHUNK));
            file.write_at(&[IoSlice::new(&chunk[..len])], position)?;
            position += len as u64;
        }
        Ok(())
    }
}

impl Disk for ReserveDisk {
    fn create_dir(&self, path: &Path) -> Result<(), DiskError> {
        self.reserve.attempt(|| self.disk.create_dir(path))
    }

    fn list(&self, dir: &Path) -> Result<Vec<Entry>, DiskError> {
        self.disk.list(dir)
    }

    fn metadata(&self, path: &Path) -> Result<Option<Metadata>, DiskError> {
        self.disk.metadata(path)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn DiskFile>, DiskError> {
        let file = self.reserve.attempt(|| self.disk.open(path, mode))?;
        Ok(Arc::new(ReserveFile { file, reserve: Arc::clone(&self.reserve) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.reserve.attempt(|| self.disk.rename(from, to))
    }

    fn remove_file(&self, path: &Path) -> Result<(), DiskError> {
        self.disk.remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> Result<(), DiskError> {
        self.disk.remove_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> Result<(), DiskError> {
        self.disk.sync_dir(path)
    }

    fn lock(&self, path: &Path) -> Result<Lock, DiskError> {
        self.reserve.attempt(|| self.disk.lock(path))
    }

    fn capacity(&self, path: &Path) -> Result<Capacity, DiskError> {
        self.disk.capacity(path)
    }
}

#[derive(Debug)]
struct ReserveFile {
    file: Arc<dyn DiskFile>,
    reserve: Arc<Reserve>,
}

impl DiskFile for ReserveFile {
    fn path(&self) -> &Path {
        self.file.path()
    }

    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize, DiskError> {
        self.file.read_at(buffer, position)
    }

    fn write_at(&self, slices: &[IoSlice<'_>], position: u64) -> Result<(), DiskError> {
        self.reserve.attempt(|| self.file.write_at(slices, position))
    }

    fn size(&self) -> Result<u64, DiskError> {
        self.file.size()
    }

    fn truncate(&self, size: u64) -> Result<(), DiskError> {
        self.reserve.attempt(|| self.file.truncate(size))
    }

    /// A sync that failed, for want of space or not, is never tried again.
    fn sync(&self) -> Result<(), DiskError> {
        self.file.sync()?;
        self.reserve.renew();
        Ok(())
    }

    fn allocate(&self, position: u64, len: u64) -> Result<(), DiskError> {
        self.file.allocate(position, len)
    }

    fn os_file(&self) -> Option<&Arc<File>> {
        self.file.os_file()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::SimDisk;

    const DIR: &str = "/d";

    fn append(disk: &dyn Disk, bytes: usize) -> Result<(), DiskError> {
        let file = disk.open(&Path::new(DIR).join("log"), OpenMode::Create)?;
        let at = file.size()?;
        file.write_at(&[IoSlice::new(&vec![7; bytes])], at)?;
        file.sync()
    }

    fn disk(capacity: u64) -> (SimDisk, ReserveDisk) {
        let sim = SimDisk::new(0);
        sim.create_dir(Path::new(DIR)).unwrap();
        sim.limit_capacity(capacity);
        let reserve = ReserveDisk::new(Arc::new(sim.clone()), Path::new(DIR));
        (sim, reserve)
    }

    #[test]
    fn what_others_fill_can_still_be_written_to() {
        let (sim, reserve) = disk(320_000);
        assert!(reserve.is_held());
        append(&sim, 310_000).unwrap();
        append(&sim, 10_000).unwrap_err();
        append(&reserve, 5_000).unwrap();
        assert!(!reserve.is_held());
        append(&reserve, 4_000).unwrap();
        assert!(append(&reserve, 4_000).unwrap_err().is_full(), "it is used up");
        sim.limit_capacity(3_200_000);
        append(&reserve, 4_000).unwrap();
        assert!(reserve.is_held(), "it comes back");
        // And the next process knows it.
        let again = ReserveDisk::new(Arc::new(sim.clone()), Path::new(DIR));
        sim.limit_capacity(0);
        append(&again, 1).unwrap_err();
        assert!(!again.is_held());
    }

    #[test]
    fn a_disk_without_limit_needs_none() {
        let (_, reserve) = disk(u64::MAX);
        assert!(!reserve.is_held());
    }
}
