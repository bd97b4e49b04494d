//! Bytes of files that are part of a response.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;

/// A stretch of an open file. The bytes in it do not change while it exists.
#[derive(Clone, Debug)]
pub struct FileSlice {
    /// The file.
    pub file: Arc<File>,
    /// Its first byte in the file.
    pub position: u64,
    /// Number of bytes; not 0.
    pub len: usize,
}

impl FileSlice {
    /// Reads up to `max` bytes from `skip` bytes after the beginning.
    ///
    /// # Errors
    /// Those of the file; `UnexpectedEof` if it is shorter than it was.
    pub(super) fn read(&self, skip: usize, max: usize) -> io::Result<Bytes> {
        let mut chunk = vec![0; max.min(self.len - skip)];
        let read = self.file.read_at(&mut chunk, self.position + skip as u64)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        chunk.truncate(read);
        Ok(Bytes::from(chunk))
    }
}
