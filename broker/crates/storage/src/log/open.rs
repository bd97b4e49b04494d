//! Opening a partition directory (`LogLoader`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex};

use barnabas_wire::Uuid;

use super::recovery::Recovery;
use super::view::View;
use super::{Epochs, Log, LogConfig, LogError, Writer};
use crate::directory::{PartitionMetadata, TopicPartition};
use crate::disk::{Disk, DiskError, Entry, Home};
use crate::epoch::{self, EpochCache};
use crate::segment::{Segment, Stage, Suffix, file_name, parse_file_name};

/// What is known about a log before it is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Directory of the partition; created if absent.
    pub dir: PathBuf,
    /// Topic and number.
    pub partition: TopicPartition,
    /// Id of the topic, written to a directory that has none. The caller compares it with
    /// [`Log::topic_id`].
    pub topic_id: Option<Uuid>,
    /// Effective configuration.
    pub config: LogConfig,
    /// From the log-start checkpoint, else 0.
    pub log_start_offset: i64,
    /// From the recovery-point checkpoint, else 0.
    pub recovery_point: i64,
    /// The log directory was shut down cleanly: nothing needs to be checked.
    pub clean_shutdown: bool,
    /// Now, milliseconds since the epoch.
    pub now_ms: i64,
}

impl OpenOptions {
    /// Options for a new or cleanly closed log with the default configuration.
    #[must_use]
    pub fn new(dir: PathBuf, partition: TopicPartition, now_ms: i64) -> Self {
        Self {
            dir,
            partition,
            topic_id: None,
            config: LogConfig::default(),
            log_start_offset: 0,
            recovery_point: 0,
            clean_shutdown: true,
            now_ms,
        }
    }
}

impl Log {
    /// Opens a partition directory, or makes one. After an unclean stop everything above the
    /// recovery point is checked, and a torn end is cut off.
    ///
    /// Files of the log are left closed: an idle log costs a few hundred bytes.
    ///
    /// # Errors
    /// If the disk fails, or data below the recovery point is damaged.
    pub fn open(disk: &Arc<dyn Disk>, options: OpenOptions) -> Result<Self, LogError> {
        disk.create_dir(&options.dir)?;
        let home = Arc::new(Home::new(Arc::clone(disk), options.dir.clone()));
        let found = clean_up(&home)?;
        let topic_id = open_metadata(disk.as_ref(), &options)?;
        let mut recovery = Recovery::new(&home, &options, found)?;
        recovery.epochs = epoch::load(disk.as_ref(), &options.dir)?;
        let opened = recovery.run()?;
        let high_watermark = opened.start;
        tracing::debug!(
            dir = %options.dir.display(),
            clean = options.clean_shutdown,
            start = opened.start,
            end = opened.end,
            recovery_point = opened.recovery_point,
            epochs = ?opened.epochs.entries(),
            "opened a log"
        );
        Ok(Self {
            home: Mutex::new(home),
            partition: options.partition,
            topic_id,
            writer: Mutex::new(Writer { snapshot: opened.snapshot, ..Writer::default() }),
            flushing: Mutex::new(()),
            config: Mutex::new(Arc::new(options.config)),
            epochs: Mutex::new(Epochs { cache: opened.epochs, dirty: opened.epochs_dirty }),
            producers: Mutex::new(opened.producers),
            view: Mutex::new(View {
                segments: Arc::new(opened.segments),
                start: opened.start,
                end: opened.end,
            }),
            recovery_point: AtomicI64::new(opened.recovery_point),
            high_watermark: AtomicI64::new(high_watermark),
            failed: AtomicBool::new(false),
            touched: AtomicBool::new(false),
        })
    }
}

/// Segments by base offset and producer snapshots, as left on the disk.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) segments: BTreeMap<i64, FoundSegment>,
    pub(super) snapshots: BTreeSet<i64>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FoundSegment {
    pub(super) size: u64,
    pub(super) modified_ms: i64,
    pub(super) has_log: bool,
    pub(super) has_index: bool,
}

fn open_metadata(disk: &dyn Disk, options: &OpenOptions) -> Result<Option<Uuid>, DiskError> {
    let stored = PartitionMetadata::load(disk, &options.dir)?;
    match (stored, options.topic_id) {
        (Some(stored), _) => Ok(Some(stored.topic_id)),
        (None, Some(topic_id)) => {
            PartitionMetadata { topic_id }.store(disk, &options.dir)?;
            Ok(Some(topic_id))
        }
        (None, None) => Ok(None),
    }
}

/// Removes what an interrupted deletion or cleaning left, completes a finished cleaning, and says
/// what is there.
fn clean_up(home: &Home) -> Result<Found, DiskError> {
    let entries = home.disk().list(&home.dir())?;
    let parsed: Vec<_> =
        entries.iter().filter_map(|entry| Some((entry, parse_file_name(&entry.name)?))).collect();
    let first_cleaned =
        parsed.iter().filter(|(_, f)| f.stage == Stage::Cleaned).map(|(_, f)| f.offset).min();
    let mut swapped = false;
    let mut found = Found::default();
    for (entry, file) in &parsed {
        let path = home.path(&entry.name);
        match file.stage {
            Stage::Deleted | Stage::Cleaned => home.disk().remove_file(&path)?,
            // The cleaning was not finished: its inputs are still there.
            Stage::Swap if first_cleaned.is_some_and(|first| file.offset >= first) => {
                home.disk().remove_file(&path)?;
            }
            Stage::Swap => swapped = true,
            Stage::InUse => found.note(entry, file.offset, file.suffix),
        }
    }
    for entry in entries.iter().filter(|entry| entry.name.ends_with(".tmp")) {
        home.disk().remove_file(&home.path(&entry.name))?;
    }
    if swapped {
        finish_swap(home)?;
        return clean_up(home);
    }
    remove_orphans(home, &mut found)?;
    Ok(found)
}

impl Found {
    fn note(&mut self, entry: &Entry, offset: i64, suffix: Suffix) {
        match suffix {
            Suffix::Snapshot => {
                self.snapshots.insert(offset);
            }
            Suffix::Log => {
                let segment = self.segments.entry(offset).or_default();
                segment.has_log = true;
                segment.size = entry.metadata.size;
                segment.modified_ms = entry.metadata.modified_ms;
            }
            Suffix::OffsetIndex => {
                self.segments.entry(offset).or_default().has_index = true;
            }
            Suffix::TimeIndex | Suffix::TxnIndex => {
                self.segments.entry(offset).or_default();
            }
        }
    }
}

/// Removes index files without a log file.
fn remove_orphans(home: &Home, found: &mut Found) -> Result<(), DiskError> {
    let orphans = found.segments.extract_if(.., |_, segment| !segment.has_log);
    for (offset, _) in orphans {
        for suffix in [Suffix::OffsetIndex, Suffix::TimeIndex, Suffix::TxnIndex] {
            match home.disk().remove_file(&home.path(&file_name(offset, suffix))) {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Puts the output of a finished cleaning in the place of the segments that it replaces: those
/// from its base up to its last offset.
fn finish_swap(home: &Home) -> Result<(), DiskError> {
    let entries = home.disk().list(&home.dir())?;
    let files: Vec<_> =
        entries.iter().filter_map(|e| Some((e, parse_file_name(&e.name)?))).collect();
    for (entry, file) in &files {
        if file.stage != Stage::Swap || file.suffix != Suffix::Log {
            continue;
        }
        let until = swap_end(home, entry, file.offset)?;
        for (old, replaced) in &files {
            let in_range = replaced.offset >= file.offset && replaced.offset < until;
            if replaced.stage == Stage::InUse && replaced.suffix != Suffix::Snapshot && in_range {
                home.disk().remove_file(&home.path(&old.name))?;
            }
        }
    }
    for (entry, _) in files.iter().filter(|(_, file)| file.stage == Stage::Swap) {
        let to = entry.name.trim_end_matches(".swap");
        home.disk().rename(&home.path(&entry.name), &home.path(to))?;
    }
    Ok(())
}

/// Offset after the last batch of a `.log.swap` file.
fn swap_end(home: &Home, entry: &Entry, base: i64) -> Result<i64, DiskError> {
    let file = home.disk().open(&home.path(&entry.name), crate::disk::OpenMode::Read)?;
    let mut walk = crate::segment::Walk::new(file.as_ref(), 0, entry.metadata.size);
    let mut end = base.saturating_add(1);
    while let Ok(Some(placed)) = walk.next() {
        end = placed.header.next_offset();
    }
    Ok(end)
}

/// What is needed to make a [`Log`] once its files were checked.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) recovery_point: i64,
    pub(super) epochs: EpochCache,
    pub(super) epochs_dirty: bool,
    pub(super) producers: crate::producer::Producers,
    pub(super) snapshot: Option<i64>,
}
