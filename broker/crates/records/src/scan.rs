//! Walks over records without keeping any of them: offsets, timestamps and shape only.
//!
//! Compressed records are decompressed through a fixed window, so that memory does not depend on
//! what the records expand to.

use std::io::Read;
use std::ops::ControlFlow;

use crate::compression::{Codec, decompressor};
use crate::header::{BatchError, BatchHeader};
use crate::varint::{read_varint, read_varlong};

/// Most bytes that the records of one batch may expand to while they are scanned: bounds the CPU
/// that one batch can cost. (Memory is bounded by [`WINDOW`].)
pub const MAX_SCANNED_BYTES: u64 = 512 << 20;

/// Bytes of decompressed records held at a time.
const WINDOW: usize = 16 << 10;

/// What a scan tells about a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordMeta {
    /// Offset minus the batch's base offset.
    pub offset_delta: i32,
    /// Timestamp minus the batch's base timestamp, ms.
    pub timestamp_delta: i64,
    /// Whether the key is not null.
    pub has_key: bool,
}

/// Visits every record of a batch in order until `visit` breaks; checks that each is well formed
/// and, if `visit` never breaks, that exactly the stated number of records is there.
///
/// `payload` is what follows the batch's header, still compressed.
///
/// # Errors
/// What is wrong with the first malformed record; `TooLarge` beyond [`MAX_SCANNED_BYTES`].
pub fn scan<F>(header: &BatchHeader, payload: &[u8], visit: F) -> Result<(), BatchError>
where
    F: FnMut(RecordMeta) -> ControlFlow<()>,
{
    match header.codec()? {
        Codec::None => walk(SliceSource::new(payload), header.records_count, visit),
        codec => {
            let source = StreamSource::new(decompressor(codec, payload)?);
            walk(source, header.records_count, visit)
        }
    }
}

trait Source {
    fn byte(&mut self) -> Result<u8, BatchError>;
    fn skip(&mut self, count: usize) -> Result<(), BatchError>;
    /// Bytes consumed since the start.
    fn consumed(&self) -> u64;
    fn at_end(&mut self) -> Result<bool, BatchError>;
}

fn walk<S: Source, F>(mut source: S, count: i32, mut visit: F) -> Result<(), BatchError>
where
    F: FnMut(RecordMeta) -> ControlFlow<()>,
{
    for _ in 0..count {
        let meta = read_meta(&mut source)?;
        if visit(meta).is_break() {
            return Ok(());
        }
    }
    if source.at_end()? {
        Ok(())
    } else {
        Err(BatchError::MalformedRecord("bytes after the last record"))
    }
}

#[inline]
fn read_meta<S: Source>(source: &mut S) -> Result<RecordMeta, BatchError> {
    let length = read_varint(|| source.byte())?;
    let length =
        u64::try_from(length).map_err(|_| BatchError::MalformedRecord("negative length"))?;
    let end = source.consumed() + length;
    source.byte()?;
    let timestamp_delta = read_varlong(|| source.byte())?;
    let offset_delta = read_varint(|| source.byte())?;
    let has_key = skip_nullable(source, end)?;
    skip_nullable(source, end)?;
    let headers = read_varint(|| source.byte())?;
    if headers < 0 {
        return Err(BatchError::MalformedRecord("negative header count"));
    }
    for _ in 0..headers {
        if !skip_nullable(source, end)? {
            return Err(BatchError::MalformedRecord("null header key"));
        }
        skip_nullable(source, end)?;
    }
    if source.consumed() == end {
        Ok(RecordMeta { offset_delta, timestamp_delta, has_key })
    } else {
        Err(BatchError::MalformedRecord("length differs from content"))
    }
}

#[inline]
fn skip_nullable<S: Source>(source: &mut S, end: u64) -> Result<bool, BatchError> {
    let length = read_varint(|| source.byte())?;
    if length == -1 {
        return Ok(false);
    }
    let length =
        u64::try_from(length).map_err(|_| BatchError::MalformedRecord("negative length"))?;
    if source.consumed() + length > end {
        return Err(BatchError::MalformedRecord("field exceeds its record"));
    }
    source.skip(length as usize)?;
    Ok(true)
}

struct SliceSource<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> SliceSource<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }
}

impl Source for SliceSource<'_> {
    #[inline]
    fn byte(&mut self) -> Result<u8, BatchError> {
        let byte = *self.bytes.get(self.position).ok_or(BatchError::Truncated)?;
        self.position += 1;
        Ok(byte)
    }

    #[inline]
    fn skip(&mut self, count: usize) -> Result<(), BatchError> {
        if self.bytes.len() - self.position < count {
            return Err(BatchError::Truncated);
        }
        self.position += count;
        Ok(())
    }

    #[inline]
    fn consumed(&self) -> u64 {
        self.position as u64
    }

    fn at_end(&mut self) -> Result<bool, BatchError> {
        Ok(self.position == self.bytes.len())
    }
}

struct StreamSource<R> {
    reader: R,
    window: Box<[u8]>,
    position: usize,
    filled: usize,
    /// Bytes that left the window before the current content.
    passed: u64,
}

impl<R: Read> StreamSource<R> {
    fn new(reader: R) -> Self {
        let window = vec![0; WINDOW].into_boxed_slice();
        Self { reader, window, position: 0, filled: 0, passed: 0 }
    }

    fn refill(&mut self) -> Result<usize, BatchError> {
        self.passed += self.filled as u64;
        self.position = 0;
        self.filled = 0;
        if self.passed > MAX_SCANNED_BYTES {
            return Err(BatchError::TooLarge);
        }
        self.filled = self.reader.read(&mut self.window).map_err(|_| BatchError::Decompression)?;
        Ok(self.filled)
    }
}

impl<R: Read> Source for StreamSource<R> {
    #[inline]
    fn byte(&mut self) -> Result<u8, BatchError> {
        if self.position == self.filled && self.refill()? == 0 {
            return Err(BatchError::Truncated);
        }
        let byte = self.window[self.position];
        self.position += 1;
        Ok(byte)
    }

    #[inline]
    fn skip(&mut self, mut count: usize) -> Result<(), BatchError> {
        loop {
            let here = (self.filled - self.position).min(count);
            self.position += here;
            count -= here;
            if count == 0 {
                return Ok(());
            }
            if self.refill()? == 0 {
                return Err(BatchError::Truncated);
            }
        }
    }

    #[inline]
    fn consumed(&self) -> u64 {
        self.passed + self.position as u64
    }

    fn at_end(&mut self) -> Result<bool, BatchError> {
        Ok(self.position == self.filled && self.refill()? == 0)
    }
}

#[cfg(test)]
mod tests;
