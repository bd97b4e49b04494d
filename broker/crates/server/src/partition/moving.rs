//! Replicas on their way from one log directory of this broker to another (KIP-113,
//! `kafka.server.ReplicaAlterLogDirsThread`).
//!
//! A copy grows in a directory named `-future` beside the log in use, follows its appends and
//! truncations, and takes its place once it has everything and the controller knows (KIP-858).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use barnabas_storage::directory::TopicPartition;
use barnabas_storage::{Copied, CopyError, DiskError, Log, LogError, OpenOptions};
use barnabas_wire::ErrorCode;

use super::{LogDir, PartitionKey, Partitions, Purpose, Replica};
use crate::machine;

/// Bytes that are copied at a time.
const CHUNK_BYTES: usize = 1 << 20;
/// Pause before something is tried again that had no space or no thread.
const RETRY: Duration = Duration::from_millis(500);
/// Longest pause for `replica.alter.log.dirs.io.max.bytes.per.second`.
const PACE_MAX: Duration = Duration::from_secs(5);
/// Directories remembered for replicas that are not here yet.
const PREFERRED_MAX: usize = 10_000;
/// Longest name of a directory.
const NAME_MAX: usize = 255;

/// The moves under way.
#[derive(Debug)]
pub struct Moves {
    moves: Mutex<BTreeMap<PartitionKey, Arc<Move>>>,
    /// Where replicas go that are not here yet.
    preferred: Mutex<BTreeMap<TopicPartition, PathBuf>>,
    /// `replica.alter.log.dirs.io.max.bytes.per.second`.
    rate: AtomicI64,
    /// The broker stops: copies stay as they are.
    stopping: AtomicBool,
}

impl Default for Moves {
    fn default() -> Self {
        Self {
            moves: Mutex::default(),
            preferred: Mutex::default(),
            rate: AtomicI64::new(i64::MAX),
            stopping: AtomicBool::new(false),
        }
    }
}

/// One replica on its way.
#[derive(Debug)]
struct Move {
    replica: Arc<Replica>,
    target: Arc<LogDir>,
    copy: OnceLock<Log>,
    is_cancelled: AtomicBool,
}

/// What DescribeLogDirs tells of a move.
#[derive(Clone, Debug)]
pub struct Moving {
    /// The replica.
    pub replica: Arc<Replica>,
    /// Where it goes.
    pub target: Arc<LogDir>,
    /// Bytes of the copy.
    pub size: u64,
    /// Offsets that the copy is behind.
    pub offset_lag: i64,
}

/// A replica is not moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// The target gets no replicas (KIP-1066).
    #[error("the log directory is cordoned")]
    Cordoned,
    /// The broker has no such log directory.
    #[error("there is no such log directory")]
    NoSuchDir,
    /// The replica is not here; it goes there when it comes.
    #[error("the replica is not on this broker")]
    NotHere,
    /// One of the log directories failed.
    #[error("a log directory is offline")]
    Offline,
    /// The topic's name leaves no room for `-future`.
    #[error("the topic name is too long to be moved")]
    TopicName,
}

impl MoveError {
    /// What the client is told.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Cordoned => ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            Self::NoSuchDir => ErrorCode::LOG_DIR_NOT_FOUND,
            Self::NotHere => ErrorCode::REPLICA_NOT_AVAILABLE,
            Self::Offline => ErrorCode::KAFKA_STORAGE_ERROR,
            Self::TopicName => ErrorCode::INVALID_TOPIC_EXCEPTION,
        }
    }
}

impl Partitions {
    /// Has a replica moved to the log directory at `path`. A replica that is not here yet will be
    /// made there; for one that is there already, a move elsewhere ends.
    ///
    /// # Errors
    /// [`MoveError`]; the replica stays where it is.
    pub fn move_replica(
        self: &Arc<Self>,
        partition: &TopicPartition,
        replica: Option<Arc<Replica>>,
        path: &Path,
    ) -> Result<(), MoveError> {
        if future_directory(partition, 0).len() > NAME_MAX {
            return Err(MoveError::TopicName);
        }
        let target = self.dirs().iter().find(|dir| dir.path == path);
        let target = match target {
            Some(dir) if dir.is_offline() => return Err(MoveError::Offline),
            Some(dir) => Arc::clone(dir),
            None if self.absent.iter().any(|dir| dir == path) => return Err(MoveError::Offline),
            None => return Err(MoveError::NoSuchDir),
        };
        let Some(replica) = replica else {
            self.moves.prefer(partition, path);
            return Err(MoveError::NotHere);
        };
        if replica.is_offline() {
            return Err(MoveError::Offline);
        }
        if replica.is_in(&target) {
            self.moves.cancel(&replica.key);
            return Ok(());
        }
        if target.is_cordoned() {
            return Err(MoveError::Cordoned);
        }
        self.start_move(replica, target, None);
        Ok(())
    }

    /// The moves under way, by partition.
    #[must_use]
    pub fn moving(&self) -> Vec<Moving> {
        let moves: Vec<_> = self.moves.held().values().cloned().collect();
        let tell = |moving: Arc<Move>| {
            let (size, end) = moving.copy.get().map_or((0, 0), |copy| {
                let stats = copy.stats();
                (stats.size, stats.end_offset)
            });
            Moving {
                replica: Arc::clone(&moving.replica),
                target: Arc::clone(&moving.target),
                size,
                offset_lag: (moving.replica.log.end_offset() - end).max(0),
            }
        };
        moves.into_iter().map(tell).collect()
    }

    /// Bounds the bytes per second of all moves together.
    pub fn set_move_rate(&self, bytes_per_second: i64) {
        self.moves.rate.store(bytes_per_second, Ordering::Relaxed);
    }

    /// Where a replica goes that is not here yet, if somebody said so.
    pub(super) fn preferred(&self, partition: &TopicPartition) -> Option<PathBuf> {
        self.moves.preferred().remove(partition)
    }

    /// Goes on with a move that the last process began.
    pub(super) fn resume_move(self: &Arc<Self>, replica: &Arc<Replica>) {
        for dir in self.dirs() {
            let Some(path) = dir.claim_future(replica.log.partition()) else { continue };
            if replica.is_in(dir) || self.moves.held().contains_key(&replica.key) {
                let disk = Arc::clone(&dir.disk);
                let removed = dir.threads.submit(move || {
                    if let Err(error) = disk.remove_dir(&path) {
                        tracing::error!(%error, "cannot remove the copy of a partition");
                    }
                });
                if removed.is_err() {
                    tracing::warn!("the copy of a partition remains until the next start");
                }
            } else {
                self.start_move(Arc::clone(replica), Arc::clone(dir), Some(path));
            }
        }
    }

    fn start_move(
        self: &Arc<Self>,
        replica: Arc<Replica>,
        target: Arc<LogDir>,
        found: Option<PathBuf>,
    ) {
        let key = replica.key;
        let mut moves = self.moves.held();
        if let Some(running) = moves.get(&key) {
            if Arc::ptr_eq(&running.target, &target) {
                return;
            }
            running.cancel();
        }
        let moving = Arc::new(Move {
            replica,
            target,
            copy: OnceLock::new(),
            is_cancelled: AtomicBool::new(false),
        });
        moves.insert(key, Arc::clone(&moving));
        drop(moves);
        machine::spawn(moving.run(Arc::clone(self), found));
    }
}

impl Moves {
    /// Ends the move of a replica; the copy is removed.
    pub(super) fn cancel(&self, key: &PartitionKey) {
        if let Some(moving) = self.held().remove(key) {
            moving.cancel();
        }
    }

    /// Ends all moves; the next process goes on with them.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    fn prefer(&self, partition: &TopicPartition, path: &Path) {
        let mut preferred = self.preferred();
        if preferred.len() < PREFERRED_MAX || preferred.contains_key(partition) {
            preferred.insert(partition.clone(), path.to_path_buf());
        }
    }

    /// How long to wait after so many bytes.
    fn pace(&self, bytes: u64) -> Duration {
        let rate = self.rate.load(Ordering::Relaxed);
        if rate == i64::MAX {
            return Duration::ZERO;
        }
        let others = self.held().len().max(1);
        let seconds = bytes as f64 * others as f64 / rate.max(1) as f64;
        Duration::try_from_secs_f64(seconds).unwrap_or(PACE_MAX).min(PACE_MAX)
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<PartitionKey, Arc<Move>>> {
        self.moves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn preferred(&self) -> MutexGuard<'_, BTreeMap<TopicPartition, PathBuf>> {
        self.preferred.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a move ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The replica is in its new directory.
    Moved,
    /// Somebody decided otherwise, or something failed: the copy goes.
    GivenUp,
    /// The broker stops, or a directory failed: the copy stays.
    Suspended,
}

impl Move {
    async fn run(self: Arc<Self>, partitions: Arc<Partitions>, found: Option<PathBuf>) {
        let (topic, partition) = (self.replica.topic().to_owned(), self.replica.key.partition);
        let to = self.target.path.display().to_string();
        tracing::info!(topic, partition, to, "moving a replica to another log directory");
        let mut is_assigned = false;
        let ended = self.carry_out(&partitions, found, &mut is_assigned).await;
        if ended == Ended::Moved {
            tracing::info!(topic, partition, to, "moved a replica to another log directory");
        } else if is_assigned && !self.is_cancelled() {
            // The controller believes that the replica is there.
            partitions.assignments.note(self.replica.key, self.replica.dir().id);
        }
        if ended == Ended::GivenUp {
            tracing::warn!(topic, partition, to, "gave up moving a replica");
            self.work(|moving| {
                if let Some(Err(error)) = moving.copy.get().map(Log::delete) {
                    tracing::error!(%error, "cannot remove the copy of a partition");
                }
            })
            .await;
        }
        let mut moves = partitions.moves.held();
        if moves.get(&self.replica.key).is_some_and(|held| Arc::ptr_eq(held, &self)) {
            moves.remove(&self.replica.key);
        }
    }

    async fn carry_out(
        self: &Arc<Self>,
        partitions: &Arc<Partitions>,
        found: Option<PathBuf>,
        is_assigned: &mut bool,
    ) -> Ended {
        let now_ms = partitions.clock().wall_ms();
        if let Err(error) = self.work(move |moving| moving.open(found.clone(), now_ms)).await {
            return self.failed(&error);
        }
        loop {
            if let Some(ended) = self.interrupted(partitions) {
                return ended;
            }
            if self.target.admit(CHUNK_BYTES as u64, Purpose::Records).is_err() {
                tokio::time::sleep(RETRY).await;
                continue;
            }
            let now_ms = partitions.clock().wall_ms();
            match self.work(move |moving| moving.copy(now_ms)).await {
                Ok(copied) if !copied.caught_up => {
                    tokio::time::sleep(partitions.moves.pace(copied.bytes)).await;
                    continue;
                }
                Ok(_) => {}
                Err(error) if is_full(&error) => {
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
                Err(error) => return self.failed(&error),
            }
            if !*is_assigned && partitions.assigns_directories() {
                let (key, id) = (self.replica.key, self.target.id);
                if !partitions.assignments.assign(key, id).await {
                    return Ended::GivenUp;
                }
                *is_assigned = true;
                continue;
            }
            let all = Arc::clone(partitions);
            match self.work(move |moving| moving.take_over(&all, now_ms)).await {
                Ok(true) => return Ended::Moved,
                Ok(false) => {}
                Err(error) if is_full(&error) => tokio::time::sleep(RETRY).await,
                Err(error) => return self.failed(&error),
            }
        }
    }

    fn interrupted(&self, partitions: &Partitions) -> Option<Ended> {
        if self.is_cancelled() {
            return Some(Ended::GivenUp);
        }
        let stopping = partitions.moves.stopping.load(Ordering::SeqCst);
        let offline = self.replica.is_offline() || self.target.is_offline();
        (stopping || offline).then_some(Ended::Suspended)
    }

    fn open(&self, found: Option<PathBuf>, now_ms: i64) -> Result<(), CopyError> {
        let partition = self.replica.log.partition();
        let fresh = || self.target.path.join(future_directory(partition, machine::random()));
        let start = self.replica.log.start_offset();
        let options = |dir: PathBuf| OpenOptions {
            topic_id: Some(self.replica.key.topic),
            config: self.replica.settings().log.clone(),
            log_start_offset: start,
            clean_shutdown: false,
            ..OpenOptions::new(dir, partition.clone(), now_ms)
        };
        let mut copy = Log::open(&self.target.disk, options(found.unwrap_or_else(fresh)))?;
        if copy.topic_id() != Some(self.replica.key.topic) {
            // Of an earlier topic of this name.
            copy.delete().map_err(LogError::from)?;
            copy = Log::open(&self.target.disk, options(fresh()))?;
        }
        // There is none: this runs once.
        let _ = self.copy.set(copy);
        Ok(())
    }

    fn copy(&self, now_ms: i64) -> Result<Copied, CopyError> {
        let Some(copy) = self.copy.get() else { return Err(LogError::Offline.into()) };
        copy.copy_from(&self.replica.log, CHUNK_BYTES, now_ms)
    }

    /// Puts the copy in the place of the log; `false` if it fell behind meanwhile.
    fn take_over(&self, partitions: &Partitions, now_ms: i64) -> Result<bool, CopyError> {
        let Some(copy) = self.copy.get() else { return Ok(false) };
        // Most of it, before appends have to wait.
        copy.flush_all()?;
        let (log, source) = (&self.replica.log, self.replica.dir());
        let appending = self.replica.appending.lock().unwrap_or_else(PoisonError::into_inner);
        if self.interrupted(partitions).is_some() {
            return Ok(false);
        }
        if !copy.copy_from(log, CHUNK_BYTES, now_ms)?.caught_up {
            return Ok(false);
        }
        if copy.recovery_point() < log.recovery_point() {
            // What was acknowledged as synced stays so.
            copy.flush_all()?;
        }
        self.install(copy).map_err(LogError::from)?;
        log.exchange(copy);
        self.replica.set_dir(Arc::clone(&self.target));
        log.set_high_watermark(self.replica.core().high_watermark());
        drop(appending);
        // Now it is the old log that is called the copy.
        let partition = log.partition();
        source.checkpoints.remove(partition);
        let doomed = source.path.join(partition.deleted_directory(machine::random()));
        if let Err(error) = copy.rename_dir(&doomed).and_then(|()| copy.delete()) {
            tracing::error!(%error, "cannot remove the old log of a partition that was moved");
            source.judge(&error);
        }
        Ok(true)
    }

    /// Gives the copy the name of a partition in use, durably. Should the process end here, the
    /// next one finds two, and the one counts that the metadata names.
    fn install(&self, copy: &Log) -> Result<(), DiskError> {
        let partition = self.replica.log.partition();
        self.target.checkpoints.start(
            partition,
            copy.recovery_point(),
            copy.start_needs_checkpoint().then(|| copy.start_offset()),
            self.replica.high_watermark(),
        )?;
        copy.rename_dir(&self.target.path_of(partition))?;
        self.target.disk.sync_dir(&self.target.path)
    }

    /// Runs on a thread of the target's disk.
    async fn work<T, F>(self: &Arc<Self>, job: F) -> T
    where
        T: Send + 'static,
        F: Fn(&Self) -> T + Clone + Send + 'static,
    {
        loop {
            let (moving, again) = (Arc::clone(self), job.clone());
            match self.target.threads.run(move || again(&moving)).await {
                Ok(done) => return done,
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    fn failed(&self, error: &CopyError) -> Ended {
        let partition = self.replica.log.partition();
        tracing::error!(%partition, %error, "cannot move a replica");
        match error {
            CopyError::Source(error) => {
                if let Some(error) = error.disk() {
                    self.replica.dir().judge(error);
                }
            }
            CopyError::Target(error) => self.judge(error.disk()),
            CopyError::Cut(error) => self.judge(error.disk()),
            _ => {}
        }
        if self.target.is_offline() || self.replica.is_offline() {
            return Ended::Suspended;
        }
        Ended::GivenUp
    }

    fn judge(&self, error: Option<&DiskError>) {
        if let Some(error) = error {
            self.target.judge(error);
        }
    }

    fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::SeqCst);
    }

    fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::SeqCst)
    }
}

fn is_full(error: &CopyError) -> bool {
    let disk = match error {
        CopyError::Target(error) => error.disk(),
        CopyError::Cut(error) => error.disk(),
        _ => None,
    };
    disk.is_some_and(DiskError::is_full)
}

/// `<topic>-<partition>.<32 hex>-future`, never cut.
fn future_directory(partition: &TopicPartition, unique: u128) -> String {
    format!("{}.{unique:032x}-future", partition.directory())
}
