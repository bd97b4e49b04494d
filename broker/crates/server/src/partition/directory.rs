//! A log directory in use: one of `log.dirs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use barnabas_storage::directory::{
    CleanShutdown, DirectoryName, LockError, MetaPropertiesError, TopicPartition, lock_directory,
};
use barnabas_storage::disk::Lock;
use barnabas_storage::{Disk, DiskError, Severity};
use barnabas_wire::Uuid;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::Instant;

use super::checkpoints::Checkpoints;
use super::flushes::{Flush, Flushes};
use super::space::{Change, Purpose, Space};
use super::{Fault, PartitionKey};
use crate::disk::DiskThreads;
use crate::raft::METADATA_TOPIC;

/// A log directory. It is locked against other brokers while this exists.
#[derive(Debug)]
pub struct LogDir {
    /// Where it is.
    pub path: PathBuf,
    /// Its id in `meta.properties`.
    pub id: Uuid,
    /// The disk that it lies on.
    pub disk: Arc<dyn Disk>,
    /// The threads that block on it.
    pub threads: DiskThreads,
    /// What the broker that stopped left, if it stopped cleanly.
    clean_shutdown: Option<CleanShutdown>,
    /// Found when the directory was opened; taken out as partitions claim them.
    found: Mutex<Found>,
    pub(super) checkpoints: Checkpoints,
    flushes: Mutex<Flushes>,
    pub(super) wake: Notify,
    is_cordoned: AtomicBool,
    health: watch::Sender<DirHealth>,
    is_offline: AtomicBool,
    space: Space,
    _lock: Lock,
}

/// What became of a log directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DirHealth {
    Online,
    Offline,
    /// Offline, and the controller knows.
    Reported,
}

/// A log directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenDirError {
    /// The disk fails.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Somebody else uses it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// It belongs to another node or cluster.
    #[error(transparent)]
    MetaProperties(#[from] MetaPropertiesError),
    /// No thread could be started.
    #[error("cannot start disk threads: {0}")]
    Threads(std::io::Error),
}

impl LogDir {
    /// Locks the directory and looks at what is in it. What says that it was closed cleanly is
    /// removed: from now on it is not.
    ///
    /// `id` is the one in `meta.properties`, which the caller has checked.
    ///
    /// # Errors
    /// [`OpenDirError`].
    pub fn open(
        disk: Arc<dyn Disk>,
        path: &Path,
        id: Uuid,
        threads: usize,
    ) -> Result<Self, OpenDirError> {
        let lock = lock_directory(disk.as_ref(), path)?;
        let clean_shutdown = CleanShutdown::load(disk.as_ref(), path)?;
        CleanShutdown::remove(disk.as_ref(), path)?;
        let found = list_partitions(disk.as_ref(), path)?;
        let checkpoints = Checkpoints::load(Arc::clone(&disk), path)?;
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        Ok(Self {
            threads: DiskThreads::start(&name, threads).map_err(OpenDirError::Threads)?,
            path: path.to_path_buf(),
            id,
            disk,
            clean_shutdown,
            found: Mutex::new(found),
            checkpoints,
            flushes: Mutex::default(),
            wake: Notify::new(),
            is_cordoned: AtomicBool::new(false),
            health: watch::Sender::new(DirHealth::Online),
            is_offline: AtomicBool::new(false),
            space: Space::default(),
            _lock: lock,
        })
    }

    /// The marker of the last clean shutdown; `None` if the broker was killed.
    #[must_use]
    pub fn clean_shutdown(&self) -> Option<&CleanShutdown> {
        self.clean_shutdown.as_ref()
    }

    /// Whether a partition's directory was found at the start and not claimed.
    pub(super) fn has(&self, partition: &TopicPartition) -> bool {
        let found = self.found();
        found.partitions.contains_key(partition) || found.refused.contains_key(partition)
    }

    /// Takes a partition's directory that was found at the start.
    pub(super) fn claim(&self, partition: &TopicPartition) -> Option<PathBuf> {
        let mut found = self.found();
        found.partitions.remove(partition).or_else(|| found.refused.remove(partition))
    }

    /// Gives a partition's directory back that cannot be opened: it is neither made anew nor set
    /// aside, but tried again.
    pub(super) fn refuse(&self, partition: TopicPartition, path: PathBuf) {
        self.found().refused.insert(partition, path);
    }

    /// Takes the unfinished copy of a partition that was being moved here.
    pub(super) fn claim_future(&self, partition: &TopicPartition) -> Option<PathBuf> {
        self.found().futures.remove(partition)
    }

    /// Partition directories that were found at the start and that nobody claimed.
    pub(super) fn unclaimed(&self) -> BTreeMap<TopicPartition, PathBuf> {
        std::mem::take(&mut self.found().partitions)
    }

    /// Unfinished copies that were found at the start and that nobody claimed.
    pub(super) fn unclaimed_futures(&self) -> BTreeMap<TopicPartition, PathBuf> {
        std::mem::take(&mut self.found().futures)
    }

    /// Whether the directory gets no new partitions (`cordoned.log.dirs`).
    #[must_use]
    pub fn is_cordoned(&self) -> bool {
        self.is_cordoned.load(Ordering::Relaxed)
    }

    /// Says whether the directory gets new partitions.
    pub fn set_cordoned(&self, is_cordoned: bool) {
        self.is_cordoned.store(is_cordoned, Ordering::Relaxed);
    }

    /// Where a new partition goes.
    pub(super) fn path_of(&self, partition: &TopicPartition) -> PathBuf {
        self.path.join(partition.directory())
    }

    /// Asks for a sync of a partition's log below `upto`.
    pub fn flush_soon(&self, key: PartitionKey, upto: i64) {
        self.flushes().soon(key, upto);
        self.wake.notify_one();
    }

    /// Asks for a sync of a partition's log within the time, `flush.ms`.
    pub(super) fn flush_within(&self, key: PartitionKey, delay: Duration) {
        // A time too far to be told is never.
        let at = Instant::now().checked_add(delay);
        if at.is_some_and(|at| self.flushes().within(key, at)) {
            self.wake.notify_one();
        }
    }

    /// Syncs a partition's log below `upto`, together with others that wait. Returns whether that
    /// succeeded.
    pub async fn flush(&self, key: PartitionKey, upto: i64) -> bool {
        let (sender, done) = oneshot::channel();
        self.flushes().wait(key, upto, sender);
        self.wake.notify_one();
        done.await.unwrap_or(false)
    }

    pub(super) fn take_flushes(&self) -> BTreeMap<PartitionKey, Flush> {
        self.flushes().take(Instant::now())
    }

    pub(super) fn next_flush(&self) -> Option<Instant> {
        self.flushes().next()
    }

    /// Whether the directory has failed: its partitions are refused until the next start.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.is_offline.load(Ordering::Acquire)
    }

    /// Whether records are refused for want of space.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.space.is_full()
    }

    /// Waits until the directory fails.
    pub async fn offline(&self) {
        // The sender lives as long as this.
        let _ = self.health.subscribe().wait_for(|health| *health != DirHealth::Online).await;
    }

    /// The controller has heard that the directory failed.
    pub fn set_reported(&self) {
        self.health.send_replace(DirHealth::Reported);
    }

    /// Waits until the controller has heard that the directory failed.
    pub async fn reported(&self) {
        let _ = self.health.subscribe().wait_for(|health| *health == DirHealth::Reported).await;
    }

    /// Takes note of a failed operation in the directory: what it says about the disk decides
    /// whether the directory goes offline, or is full for a while.
    pub fn judge(&self, error: &DiskError) {
        let is_broken = match error.severity() {
            Severity::Passing => false,
            Severity::Full => {
                if self.space.exhausted() {
                    self.log_full();
                }
                false
            }
            // A file may be missing because of a deletion; the directory itself is not deleted.
            Severity::Missing => !matches!(self.disk.metadata(&self.path), Ok(Some(_))),
            Severity::Broken => true,
        };
        if is_broken {
            self.take_offline(error);
        }
    }

    /// Gives the directory up until the next start.
    pub fn take_offline(&self, reason: &dyn std::error::Error) {
        if self.is_offline.swap(true, Ordering::AcqRel) {
            return;
        }
        let dir = self.path.display();
        tracing::error!(%dir, error = %reason, "the log directory failed and is offline");
        self.health.send_replace(DirHealth::Offline);
        self.wake.notify_one();
    }

    /// Whether there is space for so many bytes more.
    ///
    /// # Errors
    /// `Offline` or `NoSpace`.
    pub fn admit(&self, bytes: u64, purpose: Purpose) -> Result<(), Fault> {
        if self.is_offline() {
            return Err(Fault::Offline);
        }
        if self.space.take(bytes) {
            return Ok(());
        }
        // The write itself will tell.
        let Ok(volume) = self.disk.capacity(&self.path) else { return Ok(()) };
        let (fits, change) = self.space.look(volume, bytes, purpose);
        match change {
            Change::Filled => self.log_full(),
            Change::Freed => {
                tracing::info!(dir = %self.path.display(), "the log directory has space again");
            }
            Change::None => {}
        }
        if fits { Ok(()) } else { Err(Fault::NoSpace) }
    }

    fn log_full(&self) {
        let dir = self.path.display();
        tracing::error!(%dir, "the volume is full: records are refused until there is space");
    }

    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flushes(&self) -> std::sync::MutexGuard<'_, Flushes> {
        self.flushes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Directories of partitions, by what their names say.
#[derive(Debug, Default)]
struct Found {
    partitions: BTreeMap<TopicPartition, PathBuf>,
    /// Partitions that could not be opened.
    refused: BTreeMap<TopicPartition, PathBuf>,
    /// Copies that were to take the place of a partition in another log directory.
    futures: BTreeMap<TopicPartition, PathBuf>,
}

/// Looks for directories of partitions; what an interrupted deletion left is removed.
fn list_partitions(disk: &dyn Disk, path: &Path) -> Result<Found, DiskError> {
    let mut found = Found::default();
    for entry in disk.list(path)? {
        if !entry.metadata.is_dir {
            continue;
        }
        let inside = path.join(&entry.name);
        match DirectoryName::parse(&entry.name) {
            Some(DirectoryName::Deleted(_)) => disk.remove_dir(&inside)?,
            Some(DirectoryName::Partition(partition)) if &*partition.topic != METADATA_TOPIC => {
                found.partitions.insert(partition, inside);
            }
            Some(DirectoryName::Future(partition)) => {
                // A second one was left by an earlier move.
                if let Some(earlier) = found.futures.insert(partition, inside) {
                    disk.remove_dir(&earlier)?;
                }
            }
            _ => {}
        }
    }
    Ok(found)
}
