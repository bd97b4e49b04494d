//! Failures on command.

use std::io;
use std::path::Path;

/// Which operations fail, how and how often.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Operation by the verb of [`crate::disk::DiskError`]: `write`, `sync`, `read`, `open`, …
    pub operation: &'static str,
    /// Part of the path, empty for every path.
    pub path: &'static str,
    /// Matching operations that still succeed.
    pub after: u64,
    /// Operations that then fail.
    pub times: u64,
    /// The failure.
    pub kind: FaultKind,
}

/// What the operating system answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// No space left on the device.
    Full,
    /// Input/output error.
    Io,
}

impl Fault {
    pub(super) fn strike(&mut self, operation: &str, path: &Path) -> Option<io::Error> {
        if operation != self.operation || !path.to_string_lossy().contains(self.path) {
            return None;
        }
        if self.after > 0 {
            self.after -= 1;
            return None;
        }
        self.times = self.times.checked_sub(1)?;
        Some(match self.kind {
            FaultKind::Full => io::ErrorKind::StorageFull.into(),
            FaultKind::Io => io::Error::other("input/output error"),
        })
    }
}
