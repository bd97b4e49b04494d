//! A stretch of a segment that a fetch answers with.

use std::sync::Arc;

use bytes::Bytes;

use crate::disk::{DiskError, DiskFile, read_full};

/// Bytes of a segment's file. They do not change, and the file stays open, while this exists,
/// even if the segment is deleted meanwhile.
///
/// As with Apache Kafka, the last batch may be cut off by the reader's byte limit; readers ignore
/// an incomplete batch at the end.
#[derive(Clone, Debug)]
pub struct FileRange {
    file: Arc<dyn DiskFile>,
    position: u64,
    len: usize,
}

impl FileRange {
    pub(crate) fn new(file: Arc<dyn DiskFile>, position: u64, len: usize) -> Self {
        Self { file, position, len }
    }

    /// The file, for `sendfile` through [`DiskFile::os_file`].
    #[must_use]
    pub fn file(&self) -> &Arc<dyn DiskFile> {
        &self.file
    }

    /// First byte in the file.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads the bytes into memory: blocks on the disk.
    ///
    /// # Errors
    /// If the disk fails or the file is shorter than it was.
    pub fn read(&self) -> Result<Bytes, DiskError> {
        let mut buffer = vec![0; self.len];
        if read_full(self.file.as_ref(), &mut buffer, self.position)? < self.len {
            let source = std::io::ErrorKind::UnexpectedEof.into();
            return Err(DiskError::new("read", self.file.path(), source));
        }
        Ok(buffer.into())
    }
}
