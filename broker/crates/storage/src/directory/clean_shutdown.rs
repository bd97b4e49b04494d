//! `.kafka_cleanshutdown`: the marker that logs need no recovery (`CleanShutdownFileHandler`).

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk::{Disk, DiskError, read_file, write_atomically};

const VERSION: i32 = 0;
const BYTES_MAX: u64 = 64 << 10;

/// The marker's content; that it exists says the logs are clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanShutdown {
    /// Epoch of the broker that stopped; `None` if the content does not say it.
    pub broker_epoch: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    version: i32,
    broker_epoch: i64,
}

impl CleanShutdown {
    /// Reads the marker of a log directory; `None` after an unclean stop.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn load(disk: &dyn Disk, dir: &Path) -> Result<Option<Self>, DiskError> {
        let Some(content) = read_file(disk, &path(dir), BYTES_MAX)? else { return Ok(None) };
        let content = serde_json::from_slice::<Content>(&content).ok();
        Ok(Some(Self { broker_epoch: content.map(|content| content.broker_epoch) }))
    }

    /// Writes the marker; durable on return. The last thing that a clean shutdown does.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn store(disk: &dyn Disk, dir: &Path, broker_epoch: i64) -> Result<(), DiskError> {
        let content = format!("{{\"version\":{VERSION},\"brokerEpoch\":{broker_epoch}}}");
        write_atomically(disk, &path(dir), content.as_bytes(), true)
    }

    /// Removes the marker, durably, before the first append.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn remove(disk: &dyn Disk, dir: &Path) -> Result<(), DiskError> {
        match disk.remove_file(&path(dir)) {
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
            Ok(()) => disk.sync_dir(dir),
        }
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join(".kafka_cleanshutdown")
}
