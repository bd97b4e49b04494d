//! The log of one partition (`UnifiedLog`): segments, leader epochs, producers, retention.
//!
//! Reads and appends run beside each other: an append holds the writer's lock while it writes, a
//! read takes a copy of the [`View`] and then works on segments that stay as they are.

mod append;
mod config;
mod epochs;
mod error;
mod exchange;
mod flush;
mod open;
mod producers;
mod read;
mod recovery;
mod retention;
mod roll;
mod stats;
mod timestamp;
mod truncate;
mod view;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use barnabas_wire::Uuid;

pub use self::append::{AppendInfo, Appended};
pub(crate) use self::config::INDEX_INTERVAL_BYTES;
pub use self::config::LogConfig;
pub use self::error::{AppendError, LogError, ReadError};
pub use self::exchange::{Copied, CopyError};
pub use self::open::OpenOptions;
pub use self::read::{ReadRequest, ReadResult};
pub use self::retention::Retained;
pub use self::stats::LogStats;
pub use self::timestamp::TimestampOffset;
use self::view::View;
use crate::directory::TopicPartition;
use crate::disk::{Home, lock};
use crate::epoch::EpochCache;
use crate::producer::Producers;

/// A partition's log. All methods take `&self` and may be called from any thread; they block on
/// the disk unless they say otherwise.
///
/// Locks are taken in the order of the fields.
#[derive(Debug)]
pub struct Log {
    /// Another one after [`Log::exchange`].
    home: Mutex<Arc<Home>>,
    partition: TopicPartition,
    topic_id: Option<Uuid>,
    /// Held by whatever changes the log.
    writer: Mutex<Writer>,
    /// Held by a flush, so that two do not overlap.
    flushing: Mutex<()>,
    config: Mutex<Arc<LogConfig>>,
    epochs: Mutex<Epochs>,
    producers: Mutex<Producers>,
    view: Mutex<View>,
    /// Everything below is durable. `recovery_point <= end`.
    recovery_point: AtomicI64,
    /// What the partition knows of it; nothing at or above is deleted.
    high_watermark: AtomicI64,
    /// A sync or a repair failed: what is on the medium is unknown until the next start.
    failed: AtomicBool,
    /// Appended to or read from since idle logs were last looked for.
    touched: AtomicBool,
}

#[derive(Debug, Default)]
struct Writer {
    /// Files marked as deleted, with the time at which they may go.
    doomed: Vec<(i64, PathBuf)>,
    /// Offset of the newest producer snapshot.
    snapshot: Option<i64>,
    /// It was not synced.
    snapshot_is_dirty: bool,
}

#[derive(Debug, Default)]
struct Epochs {
    cache: EpochCache,
    /// The file was written since it was last synced.
    dirty: bool,
}

impl Log {
    /// Topic and number.
    #[must_use]
    pub fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    /// Id in `partition.metadata`.
    #[must_use]
    pub fn topic_id(&self) -> Option<Uuid> {
        self.topic_id
    }

    /// Its directory.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.home().dir()
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> Arc<LogConfig> {
        Arc::clone(&lock(&self.config))
    }

    /// Replaces the configuration; the next append and retention run go by it.
    pub fn set_config(&self, config: LogConfig) {
        *lock(&self.config) = Arc::new(config);
    }

    /// Offset of the next record. Does not block.
    #[must_use]
    pub fn end_offset(&self) -> i64 {
        lock(&self.view).end
    }

    /// First offset that may be read. Does not block.
    #[must_use]
    pub fn start_offset(&self) -> i64 {
        lock(&self.view).start
    }

    /// Everything below it survives a crash of the machine. Does not block.
    #[must_use]
    pub fn recovery_point(&self) -> i64 {
        self.recovery_point.load(Ordering::Acquire)
    }

    /// The high watermark last told. Does not block.
    #[must_use]
    pub fn high_watermark(&self) -> i64 {
        self.high_watermark.load(Ordering::Acquire)
    }

    /// Tells the high watermark, which bounds what retention deletes and decides which ended
    /// transactions no longer hold the last stable offset back. Does not block.
    pub fn set_high_watermark(&self, high_watermark: i64) {
        let (start, end) = {
            let view = lock(&self.view);
            (view.start, view.end)
        };
        let high_watermark = high_watermark.clamp(start, end);
        self.high_watermark.store(high_watermark, Ordering::Release);
        lock(&self.producers).on_high_watermark(high_watermark);
    }

    /// Whether a sync failed and the log refuses appends until the broker starts anew.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    fn home(&self) -> Arc<Home> {
        Arc::clone(&lock(&self.home))
    }

    fn touch(&self) {
        self.touched.store(true, Ordering::Relaxed);
    }

    fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
