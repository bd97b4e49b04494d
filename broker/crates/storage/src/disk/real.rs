//! The operating system's files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use rustix::fs::{FallocateFlags, FlockOperation};

use super::{Capacity, Disk, DiskError, DiskFile, Entry, Lock, LockGuard, Metadata, OpenMode};

/// Linux's limit on the slices of one vectored write.
const SLICES_MAX: usize = 1024;

/// Files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_dir(&self, path: &Path) -> Result<(), DiskError> {
        fs::create_dir_all(path).map_err(|error| DiskError::new("create", path, error))
    }

    fn list(&self, dir: &Path) -> Result<Vec<Entry>, DiskError> {
        let failed = |error| DiskError::new("list", dir, error);
        let mut entries = Vec::new();
        for entry in fs::read_dir(dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            match entry.path().metadata() {
                Ok(found) => entries.push(Entry { name, metadata: describe(&found) }),
                // Removed since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn metadata(&self, path: &Path) -> Result<Option<Metadata>, DiskError> {
        match fs::metadata(path) {
            Ok(found) => Ok(Some(describe(&found))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(DiskError::new("stat", path, error)),
        }
    }

    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn DiskFile>, DiskError> {
        let mut options = OpenOptions::new();
        options.read(true).write(mode != OpenMode::Read);
        options.create(matches!(mode, OpenMode::Create | OpenMode::Truncate));
        options.truncate(mode == OpenMode::Truncate);
        let file = options.open(path).map_err(|error| DiskError::new("open", path, error))?;
        Ok(Arc::new(RealFile { path: path.to_path_buf(), file: Arc::new(file) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        fs::rename(from, to).map_err(|error| DiskError::new("rename", from, error))
    }

    fn remove_file(&self, path: &Path) -> Result<(), DiskError> {
        fs::remove_file(path).map_err(|error| DiskError::new("remove", path, error))
    }

    fn remove_dir(&self, path: &Path) -> Result<(), DiskError> {
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done.map_err(|error| DiskError::new("remove", path, error)),
        }
    }

    fn sync_dir(&self, path: &Path) -> Result<(), DiskError> {
        File::open(path)
            .and_then(|dir| dir.sync_all())
            .map_err(|error| DiskError::new("sync", path, error))
    }

    fn lock(&self, path: &Path) -> Result<Lock, DiskError> {
        let failed = |error| DiskError::new("lock", path, error);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(failed)?;
        // The second kind is what a JVM takes and respects; the first also excludes this process.
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)
            .and_then(|()| rustix::fs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive))
            .map_err(|error| failed(error.into()))?;
        Ok(Lock::new(Flock { _file: file }))
    }

    fn capacity(&self, path: &Path) -> Result<Capacity, DiskError> {
        let found = rustix::fs::statvfs(path)
            .map_err(|error| DiskError::new("measure", path, error.into()))?;
        Ok(Capacity {
            total: found.f_blocks.saturating_mul(found.f_frsize),
            usable: found.f_bavail.saturating_mul(found.f_frsize),
        })
    }
}

fn describe(found: &fs::Metadata) -> Metadata {
    let modified_ms = found
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    let size = if found.is_dir() { 0 } else { found.len() };
    Metadata { is_dir: found.is_dir(), size, modified_ms }
}

#[derive(Debug)]
struct RealFile {
    path: PathBuf,
    file: Arc<File>,
}

impl RealFile {
    fn failed(&self, operation: &'static str, error: impl Into<io::Error>) -> DiskError {
        DiskError::new(operation, &self.path, error.into())
    }
}

impl DiskFile for RealFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize, DiskError> {
        loop {
            match self.file.read_at(buffer, position) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done.map_err(|error| self.failed("read", error)),
            }
        }
    }

    fn write_at(&self, slices: &[IoSlice<'_>], mut position: u64) -> Result<(), DiskError> {
        if let [only] = slices {
            return self
                .file
                .write_all_at(only, position)
                .map_err(|error| self.failed("write", error));
        }
        let mut slices: Vec<IoSlice<'_>> = slices.iter().map(|s| IoSlice::new(s)).collect();
        let mut left = slices.as_mut_slice();
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            let some = &left[..left.len().min(SLICES_MAX)];
            match rustix::io::pwritev(&*self.file, some, position) {
                Ok(0) => return Err(self.failed("write", io::ErrorKind::WriteZero)),
                Ok(written) => {
                    position += written as u64;
                    IoSlice::advance_slices(&mut left, written);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(self.failed("write", error)),
            }
        }
        Ok(())
    }

    fn size(&self) -> Result<u64, DiskError> {
        self.file.metadata().map(|found| found.len()).map_err(|error| self.failed("stat", error))
    }

    fn truncate(&self, size: u64) -> Result<(), DiskError> {
        self.file.set_len(size).map_err(|error| self.failed("truncate", error))
    }

    fn sync(&self) -> Result<(), DiskError> {
        self.file.sync_data().map_err(|error| self.failed("sync", error))
    }

    fn allocate(&self, position: u64, len: u64) -> Result<(), DiskError> {
        match rustix::fs::fallocate(&*self.file, FallocateFlags::KEEP_SIZE, position, len) {
            // A file system without it (tmpfs has it, some network ones do not) works as well.
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
            Err(error) => Err(self.failed("allocate", error)),
        }
    }

    fn os_file(&self) -> Option<&Arc<File>> {
        Some(&self.file)
    }
}

#[derive(Debug)]
struct Flock {
    _file: File,
}

impl LockGuard for Flock {}
