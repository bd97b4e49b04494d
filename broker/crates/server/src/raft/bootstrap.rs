//! What formatting leaves for the first start: `bootstrap.checkpoint` with the first metadata
//! records, and the bootstrap snapshot with the voters of a dynamic quorum.

use std::path::Path;

use barnabas_metadata::feature::MetadataVersion;
use barnabas_metadata::record::MetadataRecord;
use barnabas_quorum::{ControlRecord, LogPosition, VoterSet};
use barnabas_storage::Disk;

use super::MetadataError;
use super::log::METADATA_DIR;
use super::snapshot::{self, Contents};

const FILE: &str = "bootstrap.checkpoint";

/// Reads the file of a log directory; empty when there is none.
///
/// # Errors
/// If the disk fails or the file is damaged.
pub fn read_bootstrap(disk: &dyn Disk, dir: &Path) -> Result<Vec<MetadataRecord>, MetadataError> {
    let read = snapshot::read(disk, &dir.join(FILE))?;
    Ok(read.map(|snapshot| snapshot.records).unwrap_or_default())
}

/// Writes the file, as formatting does to every log directory; durable on return.
///
/// # Errors
/// If the disk fails.
pub fn write_bootstrap(
    disk: &dyn Disk,
    dir: &Path,
    records: Vec<MetadataRecord>,
) -> Result<(), MetadataError> {
    let contents = Contents {
        id: LogPosition::BOOTSTRAP,
        timestamp_ms: 0,
        control: Vec::new(),
        records,
        version: MetadataVersion::LATEST_PRODUCTION,
    };
    snapshot::write_to(disk, &dir.join(FILE), &contents)
}

/// Writes the voters of a dynamic quorum (kraft.version 1) to a metadata directory, as
/// `format --standalone` and `--initial-controllers` do; durable on return.
///
/// # Errors
/// If the disk fails.
pub fn write_voters(disk: &dyn Disk, dir: &Path, voters: VoterSet) -> Result<(), MetadataError> {
    let dir = dir.join(METADATA_DIR);
    disk.create_dir(&dir)?;
    let contents = Contents {
        id: LogPosition::BOOTSTRAP,
        timestamp_ms: 0,
        control: vec![ControlRecord::KraftVersion(1), ControlRecord::Voters(voters)],
        records: Vec::new(),
        version: MetadataVersion::LATEST_PRODUCTION,
    };
    snapshot::write(disk, &dir, &contents)
}
