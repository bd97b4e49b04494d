//! Snapshot files: `<end offset>-<epoch>.checkpoint` (`on-disk.md`, section 8).

use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barnabas_metadata::feature::MetadataVersion;
use barnabas_metadata::record::MetadataRecord;
use barnabas_quorum::{ControlRecord, Epoch, LogPosition, SnapshotHeader};
use barnabas_records::Batches;
use barnabas_storage::disk::{Disk, DiskFile, OpenMode, read_file};
use bytes::Bytes;

use super::MetadataError;
use super::batch::{Content, control_batch, decode, metadata_batch};

const SUFFIX: &str = ".checkpoint";
const PART_SUFFIX: &str = ".checkpoint.part";
const DELETED_SUFFIX: &str = ".checkpoint.deleted";
/// Snapshots are read whole: larger ones are not plausible.
const BYTES_MAX: u64 = 4 << 30;
/// Records of a batch in a snapshot; Kafka bounds the bytes by 8 MiB, which no 1,000 records reach
/// that a batch of the log could hold.
const RECORDS_PER_BATCH: usize = 1_000;

/// A snapshot read back.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) control: Vec<ControlRecord>,
    pub(super) records: Vec<MetadataRecord>,
    pub(super) timestamp_ms: i64,
}

/// What to put into a snapshot.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) id: LogPosition,
    /// The append time of the last batch that it covers.
    pub(super) timestamp_ms: i64,
    /// KRAFT_VERSION and KRAFT_VOTERS of a dynamic quorum.
    pub(super) control: Vec<ControlRecord>,
    pub(super) records: Vec<MetadataRecord>,
    pub(super) version: MetadataVersion,
}

pub(super) fn file_name(id: LogPosition) -> String {
    format!("{:020}-{:010}{SUFFIX}", id.offset, id.epoch.0)
}

pub(super) fn parse_name(name: &str) -> Option<LogPosition> {
    let (offset, epoch) = name.strip_suffix(SUFFIX)?.split_once('-')?;
    if offset.len() != 20 || epoch.len() != 10 {
        return None;
    }
    Some(LogPosition { offset: offset.parse().ok()?, epoch: Epoch(epoch.parse().ok()?) })
}

/// The finished snapshots of a directory, oldest first; what was not finished or is to be deleted
/// is removed.
pub(super) fn list(disk: &dyn Disk, dir: &Path) -> Result<Vec<LogPosition>, MetadataError> {
    let mut found = Vec::new();
    for entry in disk.list(dir)? {
        if entry.name.ends_with(PART_SUFFIX) || entry.name.ends_with(DELETED_SUFFIX) {
            disk.remove_file(&dir.join(&entry.name))?;
        }
        found.extend(parse_name(&entry.name));
    }
    found.sort_unstable_by_key(|id| (id.offset, id.epoch));
    Ok(found)
}

/// Writes a snapshot; durable and under its name on return.
pub(super) fn write(disk: &dyn Disk, dir: &Path, contents: &Contents) -> Result<(), MetadataError> {
    let target = dir.join(file_name(contents.id));
    write_to(disk, &target, contents)
}

/// Writes contents in the form of a snapshot to any path (`bootstrap.checkpoint` is one).
pub(super) fn write_to(
    disk: &dyn Disk,
    target: &Path,
    contents: &Contents,
) -> Result<(), MetadataError> {
    let part = part_path(target);
    let file = disk.open(&part, OpenMode::Truncate)?;
    let mut position = 0;
    let mut put = |bytes: &Bytes| {
        let result = file.write_at(&[IoSlice::new(bytes)], position);
        position += bytes.len() as u64;
        result
    };
    let epoch = contents.id.epoch;
    let header = SnapshotHeader { last_contained_log_timestamp_ms: contents.timestamp_ms };
    let mut control = vec![ControlRecord::SnapshotHeader(header)];
    control.extend(contents.control.iter().cloned());
    put(&control_batch(0, epoch, contents.timestamp_ms, &control))?;
    let mut offset = control.len() as i64;
    for records in contents.records.chunks(RECORDS_PER_BATCH) {
        let time = contents.timestamp_ms;
        put(&metadata_batch(offset, epoch, time, records, contents.version)?)?;
        offset += records.len() as i64;
    }
    put(&control_batch(offset, epoch, contents.timestamp_ms, &[ControlRecord::SnapshotFooter]))?;
    finish(disk, file.as_ref(), &part, target)
}

/// Makes a written snapshot durable and gives it its name.
fn finish(
    disk: &dyn Disk,
    file: &dyn DiskFile,
    part: &Path,
    target: &Path,
) -> Result<(), MetadataError> {
    file.sync()?;
    disk.rename(part, target)?;
    if let Some(dir) = target.parent() {
        disk.sync_dir(dir)?;
    }
    Ok(())
}

/// Reads a snapshot; `None` when there is no such file.
pub(super) fn read(disk: &dyn Disk, path: &Path) -> Result<Option<Snapshot>, MetadataError> {
    let Some(content) = read_file(disk, path, BYTES_MAX)? else { return Ok(None) };
    let place = path.display().to_string();
    let mut snapshot = Snapshot::default();
    let mut complete = false;
    for batch in Batches::new(content.into()) {
        let batch =
            batch.map_err(|source| MetadataError::Batch { place: place.clone(), source })?;
        match decode(&batch, &place)?.content {
            Content::Control(records) => {
                for record in records {
                    match record {
                        ControlRecord::SnapshotHeader(header) => {
                            snapshot.timestamp_ms = header.last_contained_log_timestamp_ms;
                        }
                        ControlRecord::SnapshotFooter => complete = true,
                        other => snapshot.control.push(other),
                    }
                }
            }
            Content::Metadata(mut records) => snapshot.records.append(&mut records),
        }
    }
    if complete { Ok(Some(snapshot)) } else { Err(MetadataError::TornSnapshot(place)) }
}

/// A snapshot being fetched.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) id: LogPosition,
    file: Arc<dyn DiskFile>,
    part: PathBuf,
}

impl Incoming {
    pub(super) fn create(
        disk: &dyn Disk,
        dir: &Path,
        id: LogPosition,
    ) -> Result<Self, MetadataError> {
        let part = part_path(&dir.join(file_name(id)));
        let file = disk.open(&part, OpenMode::Truncate)?;
        Ok(Self { id, file, part })
    }

    pub(super) fn write(&self, position: u64, bytes: &Bytes) -> Result<(), MetadataError> {
        self.file.write_at(&[IoSlice::new(bytes)], position)?;
        Ok(())
    }

    pub(super) fn finish(self, disk: &dyn Disk, dir: &Path) -> Result<(), MetadataError> {
        finish(disk, self.file.as_ref(), &self.part, &dir.join(file_name(self.id)))
    }
}

fn part_path(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}
