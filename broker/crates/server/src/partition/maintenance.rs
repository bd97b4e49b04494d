//! What a log directory needs from time to time: syncs, retention, checkpoints.

use std::sync::Arc;
use std::time::Duration;

use barnabas_storage::directory::{CleanShutdown, OffsetCheckpoint};
use barnabas_storage::{DiskError, LogError};
use tokio::time::{Instant, sleep_until};

use super::{LogDir, Partitions, Replica};

/// Idle producers are looked for this often (`producer.id.expiration.check.interval.ms`).
const PRODUCER_CHECK: Duration = Duration::from_secs(600);
/// Retention first runs this long after the start (`LogManager`'s initial task delay).
const FIRST_RETENTION: Duration = Duration::from_secs(30);

/// Files of deleted segments are removed, and files of idle logs closed, this often.
const TIDY: Duration = Duration::from_secs(30);

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

/// Pause after which a log is synced again that could not be.
const SYNC_AGAIN: Duration = Duration::from_secs(1);

/// Looks after one log directory for as long as the broker runs. Sleeps until something is due.
pub async fn maintain(partitions: Arc<Partitions>, dir: Arc<LogDir>, intervals: Intervals) {
    let start = Instant::now();
    let mut due = Due {
        retention: start + FIRST_RETENTION.min(intervals.retention),
        high_watermark: start + intervals.high_watermark,
        recovery_point: start + intervals.recovery_point,
        log_start: start + intervals.log_start,
        producers: start + PRODUCER_CHECK,
        tidy: start + TIDY,
    };
    loop {
        tokio::select! {
            biased;
            () = dir.wake.notified() => {}
            () = sleep_until(dir.next_flush().unwrap_or(due.next()).min(due.next())) => {}
        }
        if dir.is_offline() {
            return partitions.give_up(&dir);
        }
        flush_waiting(&partitions, &dir).await;
        let tasks = due.take(Instant::now(), &intervals);
        if tasks == Tasks::default() {
            continue;
        }
        let (all, at) = (Arc::clone(&partitions), Arc::clone(&dir));
        let done = dir.threads.run(move || run(tasks, &all, &at));
        if let Err(error) = done.await {
            tracing::warn!(%error, "maintenance of a log directory is late");
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
    if dir.is_offline() {
        // Its logs are recovered at the next start, if it can be read then.
        return Ok(());
    }
    for replica in &replicas_of(partitions, dir) {
        replica.log.close()?;
    }
    let all =
        Tasks { high_watermark: true, recovery_point: true, log_start: true, ..Tasks::default() };
    checkpoint(all, partitions, dir)?;
    CleanShutdown::store(dir.disk.as_ref(), &dir.path, broker_epoch)?;
    Ok(())
}

struct Due {
    retention: Instant,
    high_watermark: Instant,
    recovery_point: Instant,
    log_start: Instant,
    producers: Instant,
    tidy: Instant,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tasks {
    retention: bool,
    high_watermark: bool,
    recovery_point: bool,
    log_start: bool,
    producers: bool,
    tidy: bool,
}

impl Due {
    fn next(&self) -> Instant {
        self.retention
            .min(self.high_watermark)
            .min(self.recovery_point)
            .min(self.log_start)
            .min(self.producers)
            .min(self.tidy)
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
            tidy: check(&mut self.tidy, TIDY),
        }
    }
}

fn replicas_of(partitions: &Partitions, dir: &Arc<LogDir>) -> Vec<Arc<Replica>> {
    let mut replicas = partitions.all();
    replicas.retain(|replica| replica.is_in(dir));
    replicas
}

/// Syncs the logs for which that was asked, each once for all who asked.
async fn flush_waiting(partitions: &Partitions, dir: &LogDir) {
    for (key, flush) in dir.take_flushes() {
        let Some(replica) = partitions.get(&key) else { continue };
        let (waiters, clock) = (Arc::clone(&partitions.waiters), Arc::clone(partitions.clock()));
        let submitted = dir.threads.submit(move || {
            let result = replica.log.flush(flush.upto);
            let is_synced = result.is_ok();
            if let Err(error) = result {
                tracing::error!(partition = %key, %error, "cannot sync a log");
                replica.judge(&error.into());
            }
            if is_synced && let Some(progress) = replica.synced(clock.monotonic_ms()) {
                waiters.progressed(&replica, progress, true);
            }
            if !is_synced && !replica.is_offline() {
                // For want of space. Records that wait for it may be the last, so that nobody asks.
                replica.dir().flush_within(key, SYNC_AGAIN);
            }
            replica.unflushed.store(0, std::sync::atomic::Ordering::Relaxed);
            for waiting in flush.waiting {
                let _ = waiting.send(is_synced);
            }
        });
        if let Err(error) = submitted {
            tracing::warn!(partition = %key, %error, "a sync was put off");
            dir.flush_soon(key, flush.upto);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn run(tasks: Tasks, partitions: &Partitions, dir: &Arc<LogDir>) {
    let now_ms = partitions.clock().wall_ms();
    if tasks.producers || tasks.retention || tasks.tidy {
        for replica in &replicas_of(partitions, dir) {
            if tasks.producers {
                replica.log.expire_producers(now_ms);
            }
            if tasks.retention {
                retain(replica, now_ms);
            }
            if tasks.tidy {
                tidy(replica, now_ms);
            }
        }
    }
    if let Err(error) = checkpoint(tasks, partitions, dir) {
        tracing::error!(dir = %dir.path.display(), %error, "cannot write checkpoints");
        dir.judge(&error);
    }
}

fn retain(replica: &Replica, now_ms: i64) {
    let (topic, partition) = (replica.topic(), replica.key.partition);
    match replica.apply_retention(now_ms) {
        Ok(0) => {}
        Ok(deleted) => tracing::info!(topic, partition, deleted, "deleted old segments"),
        Err(error) => {
            tracing::error!(topic, partition, %error, "cannot delete old segments");
            replica.judge(&error.into());
        }
    }
}

fn tidy(replica: &Replica, now_ms: i64) {
    let (topic, partition) = (replica.topic(), replica.key.partition);
    if let Err(error) = replica.log.remove_deleted(now_ms) {
        tracing::error!(topic, partition, %error, "cannot remove files of deleted segments");
        replica.judge(&error.into());
    }
    if let Err(error) = replica.log.release_if_idle() {
        tracing::error!(topic, partition, %error, "cannot close the files of an idle log");
        replica.judge(&error.into());
    }
}

fn checkpoint(tasks: Tasks, partitions: &Partitions, dir: &Arc<LogDir>) -> Result<(), DiskError> {
    if !(tasks.high_watermark || tasks.recovery_point || tasks.log_start) {
        return Ok(());
    }
    let round = dir.checkpoints.begin();
    let replicas = replicas_of(partitions, dir);
    let store = |kind, offset: fn(&Replica) -> Option<i64>| {
        let offsets = replicas.iter().map(|r| (r.log.partition().clone(), offset(r)));
        dir.checkpoints.store(round, kind, offsets)
    };
    if tasks.log_start {
        store(OffsetCheckpoint::LogStart, |replica| {
            replica.log.start_needs_checkpoint().then(|| replica.log.start_offset())
        })?;
    }
    if tasks.high_watermark {
        store(OffsetCheckpoint::Replication, |replica| Some(replica.high_watermark()))?;
    }
    if tasks.recovery_point {
        store(OffsetCheckpoint::RecoveryPoint, |replica| Some(replica.log.recovery_point()))?;
    }
    Ok(())
}
