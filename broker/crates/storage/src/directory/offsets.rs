//! Checkpoints that map partitions to offsets.

use std::collections::BTreeMap;
use std::path::Path;

use super::checkpoint::{self, CheckpointError};
use super::name::TopicPartition;
use crate::disk::{Disk, DiskError, read_file, write_atomically};

/// Largest plausible file: a million partitions with long names.
const BYTES_MAX: u64 = 256 << 20;

/// Offsets by partition.
pub type Offsets = BTreeMap<TopicPartition, i64>;

/// The offset checkpoint files of a log directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetCheckpoint {
    /// First offset that was not synced.
    RecoveryPoint,
    /// Log starts above the first segment's base.
    LogStart,
    /// High watermarks.
    Replication,
    /// First offset that was not cleaned.
    Cleaner,
}

impl OffsetCheckpoint {
    /// Name in the log directory.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::RecoveryPoint => "recovery-point-offset-checkpoint",
            Self::LogStart => "log-start-offset-checkpoint",
            Self::Replication => "replication-offset-checkpoint",
            Self::Cleaner => "cleaner-offset-checkpoint",
        }
    }

    /// Reads the file. One that is absent is empty; so is, with a warning, one that is malformed:
    /// each of these offsets only saves work or is a lower bound.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn load(self, disk: &dyn Disk, dir: &Path) -> Result<Offsets, DiskError> {
        let path = dir.join(self.file_name());
        let Some(content) = read_file(disk, &path, BYTES_MAX)? else {
            return Ok(Offsets::new());
        };
        match parse(&content) {
            Ok(offsets) => Ok(offsets),
            Err(error) => {
                let path = path.display();
                tracing::warn!(%error, %path, "ignoring a malformed checkpoint");
                Ok(Offsets::new())
            }
        }
    }

    /// Replaces the file; durable on return.
    ///
    /// # Errors
    /// If the disk fails; the old content is then still there.
    pub fn store(self, disk: &dyn Disk, dir: &Path, offsets: &Offsets) -> Result<(), DiskError> {
        let content = render(offsets);
        write_atomically(disk, &dir.join(self.file_name()), content.as_bytes(), true)
    }
}

pub(crate) fn parse(content: &[u8]) -> Result<Offsets, CheckpointError> {
    let mut offsets = Offsets::new();
    for (number, fields) in checkpoint::parse(content)?.into_iter().enumerate() {
        let malformed = CheckpointError::Malformed { entry: number };
        let [topic, partition, offset] = fields[..] else { return Err(malformed) };
        let (Ok(partition), Ok(offset)) = (partition.parse(), offset.parse()) else {
            return Err(malformed);
        };
        offsets.insert(TopicPartition::new(topic, partition), offset);
    }
    Ok(offsets)
}

fn render(offsets: &Offsets) -> String {
    checkpoint::render(
        offsets.iter().map(|(at, offset)| format!("{} {} {offset}", at.topic, at.partition)),
    )
}
