//! Opening the logs of partitions that were assigned to this broker.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use barnabas_metadata::image::PartitionImage;
use barnabas_replication::{LogBounds, Partition};
use barnabas_storage::directory::TopicPartition;
use barnabas_storage::{Log, LogError, OpenOptions};
use barnabas_wire::Uuid;
use futures::future::join_all;

use super::place::{Candidate, Place, Wanted, place};
use super::{Partitions, role_of};
use crate::machine;
use crate::partition::{LogDir, PartitionKey, Replica, Settings};

/// A partition about to be opened.
pub(super) struct Opening {
    pub(super) key: PartitionKey,
    pub(super) topic: Arc<str>,
    /// The log directory that the metadata assigns.
    pub(super) directory: Option<Uuid>,
    pub(super) image: Arc<PartitionImage>,
    pub(super) settings: Arc<Settings>,
}

/// What a disk thread needs to open a log.
#[derive(Clone)]
struct OpenJob {
    key: PartitionKey,
    partition: TopicPartition,
    dir: Arc<LogDir>,
    found: Option<PathBuf>,
    settings: Arc<Settings>,
    now_ms: i64,
}

impl Partitions {
    /// Opens logs, as many at a time as there are disk threads.
    pub(super) async fn open_all(self: &Arc<Self>, opening: Vec<Opening>) {
        if opening.is_empty() {
            return;
        }
        let mut load = self.load_of_dirs();
        let place = |opening: Opening| {
            let job = self.place(&opening, &mut load)?;
            Some(self.open_one(opening, job))
        };
        let jobs: Vec<_> = opening.into_iter().filter_map(place).collect();
        join_all(jobs).await;
    }

    async fn open_one(self: &Arc<Self>, opening: Opening, job: OpenJob) {
        let Opening { key, image, settings, topic, directory } = opening;
        let counters = self.metrics.topics.topic(&topic);
        let dir = Arc::clone(&job.dir);
        let hint = job.found.is_some().then(|| dir.checkpoints.of(&job.partition).high_watermark);
        let log = loop {
            let opened = dir.threads.run({
                let job = job.clone();
                move || open_log(&job)
            });
            match opened.await {
                Ok(Ok(log)) => break log,
                Ok(Err(error)) => {
                    tracing::error!(partition = %key, %error, "partition is offline");
                    if let Some(path) = job.found {
                        dir.refuse(job.partition, path);
                    }
                    if let Some(error) = error.disk() {
                        dir.judge(error);
                        self.unopened.note_failed(key);
                    }
                    return;
                }
                // More partitions at once than the queue takes: let it drain.
                Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        };
        let bounds = LogBounds {
            start_offset: log.start_offset(),
            end_offset: log.end_offset(),
            high_watermark: hint.unwrap_or(0),
        };
        let core = Partition::new(self.replication, bounds, settings.min_insync_replicas);
        let here = Arc::clone(&dir);
        let replica = Arc::new(Replica::new(key, dir, log, core, settings, counters));
        replica.apply_metadata(&role_of(&image), self.clock.monotonic_ms());
        self.insert(key, Arc::clone(&replica));
        if directory != Some(here.id) && self.assigns_directories() {
            self.assignments.note(key, here.id);
        }
        self.resume_move(&replica);
    }

    fn insert(&self, key: PartitionKey, replica: Arc<Replica>) {
        let mut replicas = self.replicas.write().unwrap_or_else(PoisonError::into_inner);
        replicas.insert(key, replica);
    }

    /// Decides where to open a partition; `None` if that cannot be known.
    fn place(&self, opening: &Opening, load: &mut [usize]) -> Option<OpenJob> {
        let partition =
            TopicPartition { topic: Arc::clone(&opening.topic), partition: opening.key.partition };
        let online = || self.dirs.iter().enumerate().filter(|(_, dir)| !dir.is_offline());
        let candidates: Vec<Candidate> = online()
            .map(|(index, dir)| Candidate {
                id: dir.id,
                has_it: dir.has(&partition),
                is_cordoned: dir.is_cordoned(),
                load: load.get(index).copied().unwrap_or(0),
            })
            .collect();
        let preferred = self.preferred(&partition);
        let me = self.replication.node.0;
        let wanted = Wanted {
            assigned: opening.directory,
            preferred: online().position(|(_, dir)| Some(&dir.path) == preferred.as_ref()),
            is_old: !self.has_started() || self.unopened.is_unknown(&opening.key),
            some_are_absent: !self.absent.is_empty() || candidates.len() < self.dirs.len(),
            // Before this process is registered, the metadata may be old.
            is_only_copy: !self.has_started() || opening.image.isr.iter().all(|id| *id == me),
        };
        let (nth, is_found) = match place(&wanted, &candidates) {
            Place::Found(nth) => (nth, true),
            Place::New(nth) => (nth, false),
            Place::Unknown => {
                let partition = &opening.key;
                tracing::error!(%partition, "the log directory of a partition is offline");
                self.unopened.note_unknown(*partition);
                return None;
            }
            Place::TakenAway if !self.has_started() => {
                self.unopened.note_failed(opening.key);
                return None;
            }
            Place::TakenAway => {
                let partition = &opening.key;
                tracing::error!(
                    %partition,
                    "the only replica in sync is in a directory that log.dirs does not name any \
                     more: put it back, or delete the topic"
                );
                return None;
            }
        };
        let (index, dir) = online().nth(nth)?;
        if let Some(load) = load.get_mut(index) {
            *load += 1;
        }
        let found = if is_found { dir.claim(&partition) } else { None };
        Some(OpenJob {
            key: opening.key,
            partition,
            dir: Arc::clone(dir),
            found,
            settings: Arc::clone(&opening.settings),
            now_ms: self.clock.wall_ms(),
        })
    }

    fn load_of_dirs(&self) -> Vec<usize> {
        let replicas = self.all();
        let count =
            |dir: &Arc<LogDir>| replicas.iter().filter(|replica| replica.is_in(dir)).count();
        self.dirs.iter().map(count).collect()
    }
}

/// Opens a log, or makes it. One that belongs to an earlier topic of the same name is set aside.
fn open_log(job: &OpenJob) -> Result<Log, LogError> {
    if job.found.is_none() {
        job.dir.checkpoints.forget(&job.partition)?;
    }
    let log = Log::open(&job.dir.disk, options(job))?;
    if log.topic_id().is_none_or(|id| id == job.key.topic) {
        if job.settings.syncs_every_append() {
            // What a process left that was killed is in the page cache only.
            log.flush_all()?;
        }
        return Ok(log);
    }
    let stray = job.dir.path.join(job.partition.stray_directory(machine::random()));
    tracing::warn!(partition = %job.key, "set aside the log of an earlier topic of this name");
    log.rename_dir(&stray)?;
    drop(log);
    open_log(&OpenJob { found: None, ..job.clone() })
}

fn options(job: &OpenJob) -> OpenOptions {
    let checkpointed = job.dir.checkpoints.of(&job.partition);
    OpenOptions {
        dir: job.found.clone().unwrap_or_else(|| job.dir.path_of(&job.partition)),
        partition: job.partition.clone(),
        topic_id: Some(job.key.topic),
        config: job.settings.log.clone(),
        log_start_offset: checkpointed.log_start,
        recovery_point: checkpointed.recovery_point,
        clean_shutdown: job.dir.clean_shutdown().is_some(),
        now_ms: job.now_ms,
    }
}
