//! Steps over the batches of a file, reading little more than their headers.

use barnabas_records::crc::Crc32c;
use barnabas_records::header::CRC_COVERED_FROM;
use barnabas_records::{BatchError, BatchHeader, HEADER_LEN};

use crate::disk::{DiskError, DiskFile, read_full};

/// Read-ahead, in bytes: finds the headers of several small batches at once and reads little too
/// much before a large one.
const READ_AHEAD: usize = 4096;

/// Bytes held while a checksum is computed.
const CRC_CHUNK: usize = 256 << 10;

/// Why the next batch cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WalkError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("invalid batch at position {position}: {reason}")]
    Invalid { position: u64, reason: BatchError },
}

/// A batch's place in a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) position: u64,
    pub(crate) header: BatchHeader,
}

impl Placed {
    pub(crate) fn end(&self) -> u64 {
        self.position + self.header.size() as u64
    }
}

/// Walks over `position..end` of a file. Batches must fit whole.
pub(crate) struct Walk<'a> {
    file: &'a dyn DiskFile,
    position: u64,
    end: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(file: &'a dyn DiskFile, position: u64, end: u64) -> Self {
        Self { file, position, end, window: Vec::new(), window_at: 0 }
    }

    /// The next batch, `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Placed>, WalkError> {
        if self.position >= self.end {
            return Ok(None);
        }
        let position = self.position;
        let invalid = |reason| WalkError::Invalid { position, reason };
        let header = BatchHeader::parse(self.header_bytes()?).map_err(invalid)?;
        if header.last_offset_delta < 0 || header.base_offset < 0 {
            return Err(invalid(BatchError::MalformedRecord("negative offset")));
        }
        let placed = Placed { position, header };
        if placed.end() > self.end {
            return Err(invalid(BatchError::Truncated));
        }
        self.position = placed.end();
        Ok(Some(placed))
    }

    fn header_bytes(&mut self) -> Result<&[u8], DiskError> {
        let window_end = self.window_at + self.window.len() as u64;
        let needed = (self.position + HEADER_LEN as u64).min(self.end);
        if self.position < self.window_at || needed > window_end {
            let len = usize::try_from(self.end - self.position).unwrap_or(READ_AHEAD);
            self.window.resize(len.min(READ_AHEAD), 0);
            let read = read_full(self.file, &mut self.window, self.position)?;
            self.window.truncate(read);
            self.window_at = self.position;
        }
        let from = usize::try_from(self.position - self.window_at).unwrap_or(0);
        let bytes = self.window.get(from..).unwrap_or_default();
        Ok(&bytes[..bytes.len().min(HEADER_LEN)])
    }
}

/// Compares a batch's checksum with its content, reading it in chunks.
pub(crate) fn check_crc(file: &dyn DiskFile, placed: &Placed) -> Result<(), WalkError> {
    let mut position = placed.position + CRC_COVERED_FROM as u64;
    let mut chunk = Vec::new();
    let mut crc = Crc32c::default();
    while position < placed.end() {
        let left = usize::try_from(placed.end() - position).unwrap_or(CRC_CHUNK);
        chunk.resize(left.min(CRC_CHUNK), 0);
        let read = read_full(file, &mut chunk, position)?;
        crc.update(&chunk[..read]);
        position += read as u64;
        if read < chunk.len() {
            break;
        }
    }
    let (computed, stored) = (crc.value(), placed.header.crc);
    if computed == stored {
        return Ok(());
    }
    let reason = BatchError::Crc { computed, stored };
    Err(WalkError::Invalid { position: placed.position, reason })
}
