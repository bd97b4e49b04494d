//! The metadata log on disk: batches, snapshots, and what the quorum core reads of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use barnabas_bugs::{Bug, is_seeded};
use barnabas_quorum::{ControlRecord, Epoch, LogPosition, LogView};
use barnabas_records::Batches;
use barnabas_storage::directory::TopicPartition;
use barnabas_storage::{Disk, Log, LogConfig, OpenOptions, ReadRequest};
use barnabas_wire::Uuid;
use bytes::Bytes;

use super::batch::{Content, Decoded, decode};
use super::snapshot::{self, Incoming};
use super::{MetadataError, MetadataOptions};

/// The topic of the metadata log.
pub const METADATA_TOPIC: &str = "__cluster_metadata";
/// Directory of the metadata log in `metadata.log.dir`.
pub const METADATA_DIR: &str = "__cluster_metadata-0";

/// Bytes of one read while the log is replayed.
const REPLAY_BYTES: usize = 1 << 20;

/// The log and its snapshots.
#[derive(Debug)]
pub(super) struct MetadataLog {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) dir: PathBuf,
    log: Log,
    /// Oldest first, the bootstrap snapshot left out.
    snapshots: Vec<(LogPosition, u64)>,
    incoming: Option<Incoming>,
}

impl MetadataLog {
    /// Opens the log and makes sure that all of it is durable.
    pub(super) fn open(options: &MetadataOptions) -> Result<Self, MetadataError> {
        let disk = Arc::clone(&options.disk);
        let dir = options.dir.join(METADATA_DIR);
        disk.create_dir(&dir)?;
        let mut snapshots = Vec::new();
        for id in snapshot::list(disk.as_ref(), &dir)? {
            if id != LogPosition::BOOTSTRAP {
                snapshots.push((id, size_of(disk.as_ref(), &dir, id)?));
            }
        }
        let newest = snapshots.last().map_or(0, |(id, _)| id.offset);
        let log = Log::open(
            &disk,
            OpenOptions {
                topic_id: Some(Uuid::METADATA_TOPIC),
                config: LogConfig {
                    segment_bytes: options.segment_bytes,
                    segment_ms: options.segment_ms,
                    retention_ms: -1,
                    retention_bytes: -1,
                    delete: false,
                    ..LogConfig::default()
                },
                clean_shutdown: false,
                ..OpenOptions::new(
                    dir.clone(),
                    TopicPartition::new(METADATA_TOPIC, 0),
                    options.clock.wall_ms(),
                )
            },
        )?;
        let metadata = Self { disk, dir, log, snapshots, incoming: None };
        if metadata.log.end_offset() < newest {
            // A fetched snapshot was frozen, and the log not restarted before a crash.
            let now_ms = options.clock.wall_ms();
            metadata.log.truncate_fully_and_start_at(newest, now_ms)?;
        }
        metadata.log.flush_all()?;
        Ok(metadata)
    }

    pub(super) fn read_snapshot(
        &self,
        id: LogPosition,
    ) -> Result<Option<snapshot::Snapshot>, MetadataError> {
        let path = self.dir.join(snapshot::file_name(id));
        let mut read = snapshot::read(self.disk.as_ref(), &path)?;
        if let Some(snapshot) = read.as_mut().filter(|_| is_seeded(Bug::LoseRecordOfSnapshot)) {
            snapshot.records.pop();
        }
        Ok(read)
    }

    /// Appends batches that carry their offsets and epochs; the control records among them.
    pub(super) fn append(
        &self,
        records: &Bytes,
        epoch: Epoch,
        now_ms: i64,
    ) -> Result<Vec<(i64, ControlRecord)>, MetadataError> {
        let before = self.log.end_offset();
        self.log.append_as_follower(records, epoch.0, now_ms)?;
        let after = self.log.end_offset();
        let mut control = Vec::new();
        for batch in Batches::new(records.clone()).flatten() {
            let appended = (before..after).contains(&batch.header.base_offset);
            if appended
                && batch.header.is_control()
                && let Content::Control(found) = decode(&batch, METADATA_DIR)?.content
            {
                control.extend((batch.header.base_offset..).zip(found));
            }
        }
        Ok(control)
    }

    pub(super) fn flush(&self) -> Result<i64, MetadataError> {
        let end = self.log.end_offset();
        self.log.flush(end)?;
        Ok(end)
    }

    pub(super) fn close(&self) -> Result<(), MetadataError> {
        self.log.close()?;
        Ok(())
    }

    pub(super) fn truncate(&self, end_offset: i64, now_ms: i64) -> Result<(), MetadataError> {
        self.log.truncate_to(end_offset, now_ms)?;
        Ok(())
    }

    pub(super) fn size(&self) -> u64 {
        self.log.size()
    }

    /// Visits the batches from an offset up to an end, in order.
    pub(super) fn replay(
        &self,
        from: i64,
        to: i64,
        mut visit: impl FnMut(Decoded) -> Result<(), MetadataError>,
    ) -> Result<(), MetadataError> {
        let mut offset = from;
        while offset < to {
            let bytes = self.read(offset, to, REPLAY_BYTES)?;
            let before = offset;
            for batch in Batches::new(bytes) {
                let batch = batch.map_err(|source| MetadataError::Batch {
                    place: METADATA_DIR.to_owned(),
                    source,
                })?;
                if batch.header.base_offset >= offset && batch.header.next_offset() <= to {
                    offset = batch.header.next_offset();
                    visit(decode(&batch, METADATA_DIR)?)?;
                }
            }
            if offset == before {
                break;
            }
        }
        Ok(())
    }

    /// Reads batches; at least one if there is one.
    pub(super) fn read(
        &self,
        offset: i64,
        upper: i64,
        max_bytes: usize,
    ) -> Result<Bytes, MetadataError> {
        let request = ReadRequest { offset, max_bytes, upper, min_one: true, aborted: false };
        match self.log.read(&request)?.range {
            Some(range) => Ok(range.read()?),
            None => Ok(Bytes::new()),
        }
    }

    pub(super) fn write_incoming(
        &mut self,
        id: LogPosition,
        position: u64,
        bytes: &Bytes,
    ) -> Result<(), MetadataError> {
        if position == 0 {
            self.incoming = Some(Incoming::create(self.disk.as_ref(), &self.dir, id)?);
        }
        match &self.incoming {
            Some(incoming) if incoming.id == id => incoming.write(position, bytes),
            _ => Ok(()),
        }
    }

    /// Freezes the fetched snapshot and starts the log anew at its end.
    pub(super) fn install_incoming(
        &mut self,
        now_ms: i64,
    ) -> Result<Option<(LogPosition, snapshot::Snapshot)>, MetadataError> {
        let Some(incoming) = self.incoming.take() else { return Ok(None) };
        let id = incoming.id;
        incoming.finish(self.disk.as_ref(), &self.dir)?;
        self.log.truncate_fully_and_start_at(id.offset, now_ms)?;
        self.log.flush_all()?;
        for (old, _) in std::mem::take(&mut self.snapshots) {
            self.remove_snapshot(old)?;
        }
        self.snapshots = vec![(id, size_of(self.disk.as_ref(), &self.dir, id)?)];
        Ok(self.read_snapshot(id)?.map(|snapshot| (id, snapshot)))
    }

    /// Takes note of a snapshot that was written.
    pub(super) fn add_snapshot(&mut self, id: LogPosition) -> Result<(), MetadataError> {
        let size = size_of(self.disk.as_ref(), &self.dir, id)?;
        self.snapshots.retain(|(known, _)| *known != id);
        self.snapshots.push((id, size));
        self.snapshots.sort_unstable_by_key(|(id, _)| (id.offset, id.epoch));
        Ok(())
    }

    /// Drops the oldest snapshots while the log is too large or they are too old; the start of
    /// the log follows. One snapshot always stays.
    pub(super) fn clean(
        &mut self,
        retention_bytes: i64,
        retention_ms: i64,
        now_ms: i64,
    ) -> Result<(), MetadataError> {
        while let [(oldest, _), (next, _), ..] = self.snapshots[..] {
            let bytes = self.size() + self.snapshots.iter().map(|(_, size)| size).sum::<u64>();
            let large = u64::try_from(retention_bytes).is_ok_and(|limit| bytes > limit);
            let old = retention_ms >= 0 && {
                let written = self.read_snapshot(oldest)?.map(|snapshot| snapshot.timestamp_ms);
                written.is_some_and(|time| now_ms - time > retention_ms)
            };
            if !large && !old {
                break;
            }
            self.snapshots.remove(0);
            self.remove_snapshot(oldest)?;
            self.log.set_high_watermark(next.offset);
            self.log.increment_start_offset(next.offset)?;
        }
        self.log.apply_retention(now_ms)?;
        self.log.remove_deleted(now_ms)?;
        Ok(())
    }

    fn remove_snapshot(&self, id: LogPosition) -> Result<(), MetadataError> {
        self.disk.remove_file(&self.dir.join(snapshot::file_name(id)))?;
        Ok(())
    }
}

fn size_of(disk: &dyn Disk, dir: &Path, id: LogPosition) -> Result<u64, MetadataError> {
    let metadata = disk.metadata(&dir.join(snapshot::file_name(id)))?;
    Ok(metadata.map_or(0, |metadata| metadata.size))
}

impl LogView for MetadataLog {
    fn end(&self) -> LogPosition {
        let snapshot = self.latest_snapshot().map_or(Epoch(0), |id| id.epoch);
        let epoch = self.log.latest_epoch().map_or(snapshot, |entry| Epoch(entry.epoch));
        LogPosition { offset: self.log.end_offset(), epoch }
    }

    fn start_offset(&self) -> i64 {
        self.log.start_offset()
    }

    fn end_for_epoch(&self, epoch: Epoch) -> LogPosition {
        let end = self.end();
        if epoch >= end.epoch {
            return end;
        }
        let found = self.log.end_offset_for_epoch(epoch.0);
        if found.epoch < 0 {
            return LogPosition { offset: self.log.start_offset(), epoch };
        }
        LogPosition { offset: found.end_offset, epoch: Epoch(found.epoch) }
    }

    fn latest_snapshot(&self) -> Option<LogPosition> {
        self.snapshots.last().map(|(id, _)| *id)
    }

    fn earliest_snapshot(&self) -> Option<LogPosition> {
        self.snapshots.first().map(|(id, _)| *id)
    }

    fn snapshot_size(&self, id: LogPosition) -> Option<u64> {
        self.snapshots.iter().find(|(known, _)| *known == id).map(|(_, size)| *size)
    }
}
