//! What a log directory needs from time to time: syncs, retention, checkpoints.

use std::sync::Arc;
use std::time::Duration;

use barnabas_storage::directory::{CleanShutdown, OffsetCheckpoint, Offsets};
use barnabas_storage::{DiskError, LogError};
use tokio::time::{Instant, sleep_until};

use super::{LogDir, Partitions, Replica};
use crate::clock::Clock;

/// Idle producers are looked for this often (`producer.id.expiration.check.interval.ms`).
const PRODUCER_CHECK: Duration = Duration::from_secs(600);
/// Retention first runs this long after the start (`LogManager`'s initial task delay).
const FIRST_RETENTION: Duration = Duration::from_secs(30);

/// How often what is done.
#[derive(Clone, Copy, Debug)]
pub struct Intervals {
    /// `log.retention.check.interval.ms`.
    pub retention: Duration,
    /// `replica.high.watermark.checkpoint.interval.ms`.
    pub high_watermark: Duration,
    /// `log.flush.offset.checkpoint.interval.ms`.
    pub recovery_point: Duration,
    /// `log.flush.start.offset.checkpoint.interval.ms`.
    pub log_start: Duration,
}

impl Default for Intervals {
    fn default() -> Self {
        Self {
            retention: Duration::from_secs(300),
            high_watermark: Duration::from_secs(5),
            recovery_point: Duration::from_secs(60),
            log_start: Duration::from_secs(60),
        }
    }
}

/// Looks after one log directory for as long as the broker runs. Sleeps until something is due.
pub async fn maintain(partitions: Arc<Partitions>, dir: Arc<LogDir>, intervals: Intervals) {
    let start = Instant::now();
    let mut due = Due {
        retention: start + FIRST_RETENTION.min(intervals.retention),
        high_watermark: start + intervals.high_watermark,
        recovery_point: start + intervals.recovery_point,
        log_start: start + intervals.log_start,
        producers: start + PRODUCER_CHECK,
    };
    let mut written = Written::default();
    loop {
        tokio::select! {
            () = dir.wake.notified() => {}
            () = sleep_until(due.next()) => {}
        }
        flush_waiting(&partitions, &dir).await;
        let tasks = due.take(Instant::now(), &intervals);
        if tasks == Tasks::default() {
            continue;
        }
        let replicas = replicas_of(&partitions, &dir);
        let (clock, at) = (Arc::clone(partitions.clock()), Arc::clone(&dir));
        let done = dir.threads.run(move || {
            run(tasks, &replicas, &at, clock.as_ref(), &mut written);
            written
        });
        match done.await {
            Ok(back) => written = back,
            Err(error) => {
                tracing::warn!(%error, "maintenance of a log directory is late");
                written = Written::default();
            }
        }
    }
}

/// Closes the logs of a directory and marks it as closed cleanly. Nothing may be appended any
/// more.
///
/// # Errors
/// If the disk fails: the next start will recover the logs.
pub(super) fn close(
    partitions: &Partitions,
    dir: &Arc<LogDir>,
    broker_epoch: i64,
) -> Result<(), LogError> {
    let replicas = replicas_of(partitions, dir);
    for replica in &replicas {
        replica.log.close()?;
    }
    let mut written = Written::default();
    let all =
        Tasks { high_watermark: true, recovery_point: true, log_start: true, ..Tasks::default() };
    checkpoint(all, &replicas, dir, &mut written)?;
    CleanShutdown::store(dir.disk.as_ref(), &dir.path, broker_epoch)?;
    Ok(())
}

struct Due {
    retention: Instant,
    high_watermark: Instant,
    recovery_point: Instant,
    log_start: Instant,
    producers: Instant,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tasks {
    retention: bool,
    high_watermark: bool,
    recovery_point: bool,
    log_start: bool,
    producers: bool,
}

/// What the checkpoint files hold: they are not written when nothing changed.
#[derive(Debug, Default)]
struct Written {
    high_watermarks: Option<Offsets>,
    recovery_points: Option<Offsets>,
}

impl Due {
    fn next(&self) -> Instant {
        self.retention
            .min(self.high_watermark)
            .min(self.recovery_point)
            .min(self.log_start)
            .min(self.producers)
    }

    fn take(&mut self, now: Instant, intervals: &Intervals) -> Tasks {
        let check = |due: &mut Instant, interval| {
            let is_due = *due <= now;
            if is_due {
                *due = now + interval;
            }
            is_due
        };
        Tasks {
            retention: check(&mut self.retention, intervals.retention),
            high_watermark: check(&mut self.high_watermark, intervals.high_watermark),
            recovery_point: check(&mut self.recovery_point, intervals.recovery_point),
            log_start: check(&mut self.log_start, intervals.log_start),
            producers: check(&mut self.producers, PRODUCER_CHECK),
        }
    }
}

fn replicas_of(partitions: &Partitions, dir: &Arc<LogDir>) -> Vec<Arc<Replica>> {
    let mut replicas = partitions.all();
    replicas.retain(|replica| Arc::ptr_eq(&replica.dir, dir));
    replicas
}

/// Syncs the logs for which that was asked, each once for all who asked.
async fn flush_waiting(partitions: &Partitions, dir: &LogDir) {
    for (key, flush) in dir.take_flushes() {
        let Some(replica) = partitions.get(&key) else { continue };
        let submitted = dir.threads.submit(move || {
            let result = replica.log.flush(flush.upto);
            if let Err(error) = &result {
                tracing::error!(partition = %key, %error, "cannot sync a log");
            }
            replica.unflushed.store(0, std::sync::atomic::Ordering::Relaxed);
            for waiting in flush.waiting {
                let _ = waiting.send(result.is_ok());
            }
        });
        if let Err(error) = submitted {
            tracing::warn!(partition = %key, %error, "a sync was put off");
            dir.flush_soon(key, flush.upto);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn run(
    tasks: Tasks,
    replicas: &[Arc<Replica>],
    dir: &LogDir,
    clock: &dyn Clock,
    written: &mut Written,
) {
    let now_ms = clock.wall_ms();
    for replica in replicas {
        if tasks.producers {
            replica.log.expire_producers(now_ms);
        }
        if !tasks.retention {
            continue;
        }
        match replica.apply_retention(now_ms) {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(
                topic = replica.topic(),
                partition = replica.key.partition,
                deleted,
                "deleted old segments"
            ),
            Err(error) => {
                tracing::error!(partition = %replica.key, %error, "cannot delete old segments");
            }
        }
    }
    if let Err(error) = checkpoint(tasks, replicas, dir, written) {
        tracing::error!(dir = %dir.path.display(), %error, "cannot write checkpoints");
    }
}

fn checkpoint(
    tasks: Tasks,
    replicas: &[Arc<Replica>],
    dir: &LogDir,
    written: &mut Written,
) -> Result<(), DiskError> {
    if tasks.high_watermark {
        let offsets = collect(replicas, Replica::high_watermark);
        store(OffsetCheckpoint::Replication, dir, offsets, &mut written.high_watermarks)?;
    }
    if tasks.recovery_point {
        let offsets = collect(replicas, |replica| replica.log.recovery_point());
        store(OffsetCheckpoint::RecoveryPoint, dir, offsets, &mut written.recovery_points)?;
    }
    if tasks.log_start && dir.log_starts_changed() {
        let starts = replicas.iter().filter(|replica| replica.log.start_needs_checkpoint());
        let offsets = starts
            .map(|replica| (replica.log.partition().clone(), replica.log.start_offset()))
            .collect();
        OffsetCheckpoint::LogStart.store(dir.disk.as_ref(), &dir.path, &offsets)?;
    }
    Ok(())
}

fn collect(replicas: &[Arc<Replica>], offset: impl Fn(&Replica) -> i64) -> Offsets {
    replicas.iter().map(|replica| (replica.log.partition().clone(), offset(replica))).collect()
}

fn store(
    kind: OffsetCheckpoint,
    dir: &LogDir,
    offsets: Offsets,
    written: &mut Option<Offsets>,
) -> Result<(), DiskError> {
    if written.as_ref() == Some(&offsets) {
        return Ok(());
    }
    kind.store(dir.disk.as_ref(), &dir.path, &offsets)?;
    *written = Some(offsets);
    Ok(())
}
