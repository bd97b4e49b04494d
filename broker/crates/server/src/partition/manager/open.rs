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
    pub(super) async fn open_all(&self, opening: Vec<Opening>) {
        let mut load = self.load_of_dirs();
        let jobs: Vec<_> = opening
            .into_iter()
            .map(|opening| {
                let job = self.place(&opening, &mut load);
                self.open_one(opening, job)
            })
            .collect();
        join_all(jobs).await;
    }

    async fn open_one(&self, opening: Opening, job: OpenJob) {
        let Opening { key, image, settings, topic, .. } = opening;
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
                    if let Some(error) = error.disk() {
                        dir.judge(error);
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
        let replica = Arc::new(Replica::new(key, dir, log, core, settings, counters));
        replica.apply_metadata(&role_of(&image), self.clock.monotonic_ms());
        let mut replicas = self.replicas.write().unwrap_or_else(PoisonError::into_inner);
        replicas.insert(key, replica);
    }

    /// The directory where the partition is, else the one that metadata names, else the one with
    /// the fewest partitions.
    fn place(&self, opening: &Opening, load: &mut [usize]) -> OpenJob {
        let partition =
            TopicPartition { topic: Arc::clone(&opening.topic), partition: opening.key.partition };
        let claimed = self
            .dirs
            .iter()
            .enumerate()
            .find_map(|(index, dir)| Some((index, Some(dir.claim(&partition)?))));
        let (index, found) = claimed.unwrap_or_else(|| {
            let named = self.dirs.iter().position(|dir| Some(dir.id) == opening.directory);
            let emptiest = || (0..load.len()).min_by_key(|index| load[*index]).unwrap_or(0);
            (named.unwrap_or_else(emptiest), None)
        });
        load[index] += 1;
        OpenJob {
            key: opening.key,
            partition,
            dir: Arc::clone(&self.dirs[index]),
            found,
            settings: Arc::clone(&opening.settings),
            now_ms: self.clock.wall_ms(),
        }
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
