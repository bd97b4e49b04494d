//! `partition.metadata`: pins the topic id of a partition directory (`PartitionMetadataFile`).

use std::path::Path;

use barnabas_wire::Uuid;

use crate::disk::{Disk, DiskError, read_file, write_atomically};

/// Name in the partition directory.
pub(crate) const FILE: &str = "partition.metadata";
const BYTES_MAX: u64 = 4096;

/// Content of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// Which incarnation of the topic's name the directory belongs to.
    pub topic_id: Uuid,
}

impl PartitionMetadata {
    /// Reads the file of a partition directory; `None` if it is absent or says nothing (it was
    /// not synced before the machine stopped).
    ///
    /// # Errors
    /// If the disk fails.
    pub fn load(disk: &dyn Disk, dir: &Path) -> Result<Option<Self>, DiskError> {
        let path = dir.join(FILE);
        let Some(content) = read_file(disk, &path, BYTES_MAX)? else { return Ok(None) };
        let parsed = Self::parse(&content);
        if parsed.is_none() {
            tracing::warn!(path = %path.display(), "ignoring a malformed file");
        }
        Ok(parsed)
    }

    /// Writes the file. It becomes durable with the first flush of the log.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn store(self, disk: &dyn Disk, dir: &Path) -> Result<(), DiskError> {
        let content = format!("version: 0\ntopic_id: {}", self.topic_id);
        write_atomically(disk, &dir.join(FILE), content.as_bytes(), false)
    }

    pub(crate) fn parse(content: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(content).ok()?.lines();
        let version = lines.next()?.strip_prefix("version:")?.trim();
        let topic_id = lines.next()?.strip_prefix("topic_id:")?.trim();
        if version != "0" {
            return None;
        }
        Some(Self { topic_id: topic_id.parse().ok()? })
    }
}
