//! Figures for DescribeLogDirs and metrics; directory-level changes.

use std::path::Path;

use super::Log;
use crate::disk::{DiskError, lock};

/// Figures of a log at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogStats {
    /// Bytes of all segments, without indexes.
    pub size: u64,
    /// Number of segments.
    pub segments: usize,
    /// Start of the log.
    pub start_offset: i64,
    /// End of the log.
    pub end_offset: i64,
}

impl Log {
    /// Size and extent. Does not block.
    #[must_use]
    pub fn stats(&self) -> LogStats {
        let view = lock(&self.view).clone();
        LogStats {
            size: view.segments.iter().map(|segment| segment.size()).sum(),
            segments: view.segments.len(),
            start_offset: view.start,
            end_offset: view.end,
        }
    }

    /// Bytes of all segments, without indexes. Does not block.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.stats().size
    }

    /// Whether the start must be in the log-start checkpoint: it is above the first segment's
    /// base. Does not block.
    #[must_use]
    pub fn start_needs_checkpoint(&self) -> bool {
        let view = lock(&self.view);
        view.start > view.segments[0].base()
    }

    /// Moves the directory, for a deletion or a stray partition; open ranges stay readable.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn rename_dir(&self, to: &Path) -> Result<(), DiskError> {
        let mut writer = lock(&self.writer);
        self.home().rename(to)?;
        for (_, doomed) in &mut writer.doomed {
            if let Some(name) = doomed.file_name().map(std::ffi::OsStr::to_os_string) {
                *doomed = to.join(name);
            }
        }
        Ok(())
    }

    /// Removes the directory with everything in it. The log refuses appends from then on.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn delete(&self) -> Result<(), DiskError> {
        let mut writer = lock(&self.writer);
        self.fail();
        writer.doomed.clear();
        let view = lock(&self.view).clone();
        for segment in view.segments.iter() {
            segment.close();
        }
        self.home().disk().remove_dir(&self.home().dir())
    }
}
