//! The file `leader-epoch-checkpoint`.

use std::path::Path;

use super::cache::EpochCache;
use crate::directory::checkpoint::{self, CheckpointError};
use crate::disk::{Disk, DiskError, read_file};

/// Name in the partition directory.
pub(crate) const EPOCH_FILE: &str = "leader-epoch-checkpoint";

/// Largest plausible file.
const BYTES_MAX: u64 = 16 << 20;

/// Reads the file. `Ok(None)` if it is absent or malformed: the log itself has every epoch.
pub(crate) fn load(disk: &dyn Disk, dir: &Path) -> Result<Option<EpochCache>, DiskError> {
    let path = dir.join(EPOCH_FILE);
    let Some(content) = read_file(disk, &path, BYTES_MAX)? else { return Ok(None) };
    match parse(&content) {
        Ok(cache) => Ok(Some(cache)),
        Err(error) => {
            let path = path.display();
            tracing::warn!(%error, %path, "rebuilding the leader epochs from the log");
            Ok(None)
        }
    }
}

pub(crate) fn parse(content: &[u8]) -> Result<EpochCache, CheckpointError> {
    let mut cache = EpochCache::default();
    for (number, fields) in checkpoint::parse(content)?.into_iter().enumerate() {
        let [epoch, start] = fields[..] else {
            return Err(CheckpointError::Malformed { entry: number });
        };
        let (Ok(epoch), Ok(start)) = (epoch.parse(), start.parse()) else {
            return Err(CheckpointError::Malformed { entry: number });
        };
        cache.assign(epoch, start);
    }
    Ok(cache)
}

pub(crate) fn render(cache: &EpochCache) -> String {
    let lines = cache.entries().iter().map(|e| format!("{} {}", e.epoch, e.start_offset));
    checkpoint::render(lines)
}
