//! A disk in memory that loses what was not synced, tears writes and fails on command.
//!
//! Every mutating operation has a number, from 1. [`SimDisk::crash_at`] stops the machine in the
//! middle of one; [`SimDisk::restart`] yields the disk that the next process finds.

mod crash;
mod fault;
mod inode;
mod random;
mod tree;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

pub use self::crash::CrashKind;
use self::crash::survivors;
pub use self::fault::{Fault, FaultKind};
use self::inode::{Change, Inode};
use self::random::Random;
use self::tree::Tree;
use super::home::lock;
use super::{Capacity, Disk, DiskError, DiskFile, Entry, Lock, LockGuard, Metadata, OpenMode};

/// The simulated disk; clones share it.
#[derive(Clone, Debug)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    tree: Tree,
    random: Random,
    now_ms: i64,
    operations: u64,
    trace: Option<Vec<String>>,
    crash_at: Option<u64>,
    crashed: bool,
    faults: Vec<Fault>,
    capacity: u64,
    locks: BTreeSet<PathBuf>,
}

impl SimDisk {
    /// An empty disk without limit; the seed decides what a crash loses.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_tree(Tree::default(), Random::new(seed))
    }

    fn with_tree(tree: Tree, random: Random) -> Self {
        let state = State {
            tree,
            random,
            now_ms: 0,
            operations: 0,
            trace: Some(Vec::new()),
            crash_at: None,
            crashed: false,
            faults: Vec::new(),
            capacity: u64::MAX,
            locks: BTreeSet::new(),
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Mutating operations so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        lock(&self.state).operations
    }

    /// The mutating operations so far, one line each.
    #[must_use]
    pub fn trace(&self) -> Vec<String> {
        lock(&self.state).trace.clone().unwrap_or_default()
    }

    /// Saves the memory of the trace in a long simulation.
    pub fn keep_no_trace(&self) {
        lock(&self.state).trace = None;
    }

    /// Crashes in the middle of the operation with this number: it takes effect in part or not at
    /// all, and it and everything after it fails.
    pub fn crash_at(&self, operation: u64) {
        lock(&self.state).crash_at = Some(operation);
    }

    /// Takes back what [`SimDisk::crash_at`] asked for.
    pub fn never_crash(&self) {
        lock(&self.state).crash_at = None;
    }

    /// Whether the crash has happened.
    #[must_use]
    pub fn crashed(&self) -> bool {
        lock(&self.state).crashed
    }

    /// The disk after a crash now, as the next process finds it.
    #[must_use]
    pub fn restart(&self, kind: CrashKind, seed: u64) -> Self {
        let mut state = lock(&self.state);
        state.crashed = true;
        let mut random = Random::new(seed);
        let tree = survivors(&state.tree, kind, &mut random);
        let next = Self::with_tree(tree, random);
        lock(&next.state).now_ms = state.now_ms;
        next
    }

    /// Makes operations fail from now on.
    pub fn inject(&self, fault: Fault) {
        lock(&self.state).faults.push(fault);
    }

    /// Takes all injected faults away.
    pub fn heal(&self) {
        lock(&self.state).faults.clear();
    }

    /// Limits the bytes of all files together; beyond it writes fail as on a full volume.
    pub fn limit_capacity(&self, bytes: u64) {
        lock(&self.state).capacity = bytes;
    }

    /// Sets the time that files get when they are written.
    pub fn set_time(&self, now_ms: i64) {
        lock(&self.state).now_ms = now_ms;
    }

    /// Flips one bit of a file, as rot does.
    ///
    /// # Panics
    /// If the file does not exist or is shorter.
    pub fn flip_bit(&self, path: &Path, position: u64, bit: u8) {
        let mut state = lock(&self.state);
        let inode = state.tree.file(path).unwrap_or_else(|| panic!("no file {}", path.display()));
        state.tree.inode_mut(inode).flip(position, bit);
    }

    fn mutate<T>(
        &self,
        operation: &'static str,
        path: &Path,
        apply: impl FnOnce(&mut State) -> io::Result<T>,
        tear: impl FnOnce(&mut State),
    ) -> Result<T, DiskError> {
        let mut state = lock(&self.state);
        let failed = |error| DiskError::new(operation, path, error);
        state.check_alive().map_err(failed)?;
        state.operations += 1;
        let number = state.operations;
        if let Some(trace) = &mut state.trace {
            trace.push(format!("{number} {operation} {}", path.display()));
        }
        if state.crash_at == Some(number) {
            tear(&mut state);
            state.crashed = true;
            return Err(failed(crash_error()));
        }
        state.check_faults(operation, path).map_err(failed)?;
        apply(&mut state).map_err(failed)
    }

    fn observe<T>(
        &self,
        operation: &'static str,
        path: &Path,
        look: impl FnOnce(&State) -> io::Result<T>,
    ) -> Result<T, DiskError> {
        let mut state = lock(&self.state);
        let failed = |error| DiskError::new(operation, path, error);
        state.check_alive().map_err(failed)?;
        state.check_faults(operation, path).map_err(failed)?;
        look(&state).map_err(failed)
    }
}

impl State {
    fn check_alive(&self) -> io::Result<()> {
        if self.crashed { Err(crash_error()) } else { Ok(()) }
    }

    fn check_faults(&mut self, operation: &str, path: &Path) -> io::Result<()> {
        for fault in &mut self.faults {
            if let Some(error) = fault.strike(operation, path) {
                return Err(error);
            }
        }
        Ok(())
    }

    fn check_capacity(&self, growth: u64) -> io::Result<()> {
        let limited = self.capacity < u64::MAX;
        if limited && self.tree.bytes().saturating_add(growth) > self.capacity {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

fn crash_error() -> io::Error {
    io::Error::other("the simulated machine has crashed")
}

impl Disk for SimDisk {
    fn create_dir(&self, path: &Path) -> Result<(), DiskError> {
        if lock(&self.state).tree.is_dir(path) {
            return Ok(());
        }
        self.mutate("create", path, |state| state.tree.create_dir(path), |_| {})
    }

    fn list(&self, dir: &Path) -> Result<Vec<Entry>, DiskError> {
        self.observe("list", dir, |state| state.tree.list(dir))
    }

    fn metadata(&self, path: &Path) -> Result<Option<Metadata>, DiskError> {
        self.observe("stat", path, |state| Ok(state.tree.metadata(path)))
    }

    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn DiskFile>, DiskError> {
        let existing = self.observe("open", path, |state| Ok(state.tree.file(path)))?;
        let creates = matches!(mode, OpenMode::Create | OpenMode::Truncate);
        let inode = match existing {
            Some(inode) if mode != OpenMode::Truncate => inode,
            Some(inode) => {
                self.change(inode, path, "truncate", Change::Resize(0))?;
                inode
            }
            None if creates => {
                self.mutate("create", path, |state| state.tree.create_file(path), |_| {})?
            }
            None => return Err(DiskError::new("open", path, io::ErrorKind::NotFound.into())),
        };
        Ok(Arc::new(SimFile { disk: self.clone(), path: path.to_path_buf(), inode }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.mutate("rename", from, |state| state.tree.rename(from, to), |_| {})
    }

    fn remove_file(&self, path: &Path) -> Result<(), DiskError> {
        self.mutate("remove", path, |state| state.tree.remove_file(path), |_| {})
    }

    fn remove_dir(&self, path: &Path) -> Result<(), DiskError> {
        self.mutate(
            "remove",
            path,
            |state| {
                state.tree.remove_dir(path);
                Ok(())
            },
            |_| {},
        )
    }

    fn sync_dir(&self, path: &Path) -> Result<(), DiskError> {
        self.mutate("sync", path, |state| state.tree.sync_dir(path), |_| {})
    }

    fn lock(&self, path: &Path) -> Result<Lock, DiskError> {
        self.open(path, OpenMode::Create)?;
        let mut state = lock(&self.state);
        if !state.locks.insert(path.to_path_buf()) {
            return Err(DiskError::new("lock", path, io::ErrorKind::WouldBlock.into()));
        }
        drop(state);
        Ok(Lock::new(SimLock { disk: self.clone(), path: path.to_path_buf() }))
    }

    fn capacity(&self, path: &Path) -> Result<Capacity, DiskError> {
        self.observe("measure", path, |state| {
            let usable = state.capacity.saturating_sub(state.tree.bytes());
            Ok(Capacity { total: state.capacity, usable })
        })
    }
}

impl SimDisk {
    fn change(
        &self,
        inode: u64,
        path: &Path,
        operation: &'static str,
        change: Change,
    ) -> Result<(), DiskError> {
        let torn = change.clone();
        self.mutate(
            operation,
            path,
            |state| {
                state.check_capacity(state.tree.inode(inode).growth(&change))?;
                let now_ms = state.now_ms;
                state.tree.inode_mut(inode).apply(change, now_ms);
                Ok(())
            },
            |state| {
                let now_ms = state.now_ms;
                let torn = torn.tear(&mut state.random);
                state.tree.inode_mut(inode).apply(torn, now_ms);
            },
        )
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    path: PathBuf,
    inode: u64,
}

impl SimFile {
    fn look<T>(
        &self,
        operation: &'static str,
        look: impl FnOnce(&Inode) -> T,
    ) -> Result<T, DiskError> {
        self.disk.observe(operation, &self.path, |state| Ok(look(state.tree.inode(self.inode))))
    }
}

impl DiskFile for SimFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize, DiskError> {
        self.look("read", |inode| inode.read(buffer, position))
    }

    fn write_at(&self, slices: &[IoSlice<'_>], position: u64) -> Result<(), DiskError> {
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        self.disk.change(self.inode, &self.path, "write", Change::Write { position, bytes })
    }

    fn size(&self) -> Result<u64, DiskError> {
        self.look("stat", Inode::size)
    }

    fn truncate(&self, size: u64) -> Result<(), DiskError> {
        self.disk.change(self.inode, &self.path, "truncate", Change::Resize(size))
    }

    fn sync(&self) -> Result<(), DiskError> {
        self.disk.mutate(
            "sync",
            &self.path,
            |state| {
                state.tree.inode_mut(self.inode).sync();
                Ok(())
            },
            |_| {},
        )
    }

    fn allocate(&self, _position: u64, _len: u64) -> Result<(), DiskError> {
        Ok(())
    }

    fn os_file(&self) -> Option<&Arc<File>> {
        None
    }
}

#[derive(Debug)]
struct SimLock {
    disk: SimDisk,
    path: PathBuf,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        lock(&self.disk.state).locks.remove(&self.path);
    }
}

impl LockGuard for SimLock {}
