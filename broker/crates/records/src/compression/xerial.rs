//! Snappy in the framing of snappy-java (`SnappyOutputStream`, `SnappyInputStream`):
//! magic, two version words, then blocks of {int32 size, raw snappy}. A stream without the magic
//! is one raw snappy block; streams may be concatenated.

use std::io::{self, Read, Write};

use snap::raw::{Decoder as Raw, Encoder as RawEncoder, decompress_len, max_compress_len};

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const HEADER_LEN: usize = 16;
/// Bytes per block, snappy-java's default.
const BLOCK: usize = 32 << 10;
/// Snappy cannot expand further than this: a longer claim is a lie, not a reason to allocate.
const MAX_EXPANSION: usize = 32;

pub(super) struct Decoder<'a> {
    rest: &'a [u8],
    raw: bool,
    block: Vec<u8>,
    position: usize,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(payload: &'a [u8]) -> Self {
        let raw = payload.len() < HEADER_LEN || payload[..MAGIC.len()] != MAGIC;
        let rest = if raw { payload } else { &payload[HEADER_LEN..] };
        Self { rest, raw, block: Vec::new(), position: 0 }
    }

    fn next_block(&mut self) -> io::Result<bool> {
        if self.rest.is_empty() {
            return Ok(false);
        }
        if self.raw {
            return self.expand(self.rest.len()).map(|()| true);
        }
        if self.rest.len() >= HEADER_LEN && self.rest[..MAGIC.len()] == MAGIC {
            self.rest = &self.rest[HEADER_LEN..];
            return Ok(true);
        }
        let (size, rest) = self.rest.split_first_chunk().ok_or_else(invalid)?;
        self.rest = rest;
        let size = usize::try_from(i32::from_be_bytes(*size)).map_err(|_| invalid())?;
        self.expand(size).map(|()| true)
    }

    fn expand(&mut self, size: usize) -> io::Result<()> {
        let (input, rest) = self.rest.split_at_checked(size).ok_or_else(invalid)?;
        let length = decompress_len(input).map_err(|_| invalid())?;
        if length > input.len().saturating_mul(MAX_EXPANSION) {
            return Err(invalid());
        }
        self.rest = rest;
        self.position = 0;
        self.block.resize(length, 0);
        Raw::new().decompress(input, &mut self.block).map_err(|_| invalid())?;
        Ok(())
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.position == self.block.len() {
            if !self.next_block()? {
                return Ok(0);
            }
        }
        let count = out.len().min(self.block.len() - self.position);
        out[..count].copy_from_slice(&self.block[self.position..self.position + count]);
        self.position += count;
        Ok(count)
    }
}

pub(super) struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    pending: Vec<u8>,
}

impl<'a> Encoder<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&1i32.to_be_bytes());
        out.extend_from_slice(&1i32.to_be_bytes());
        Self { out, pending: Vec::with_capacity(BLOCK) }
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.pending.is_empty() { Ok(()) } else { self.flush_block() }
    }

    fn flush_block(&mut self) -> io::Result<()> {
        let start = self.out.len();
        self.out.resize(start + 4 + max_compress_len(self.pending.len()), 0);
        let size = RawEncoder::new()
            .compress(&self.pending, &mut self.out[start + 4..])
            .map_err(|_| invalid())?;
        self.out[start..start + 4].copy_from_slice(&(size as i32).to_be_bytes());
        self.out.truncate(start + 4 + size);
        self.pending.clear();
        Ok(())
    }
}

impl Write for Encoder<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(BLOCK - self.pending.len());
        self.pending.extend_from_slice(&bytes[..count]);
        if self.pending.len() == BLOCK {
            self.flush_block()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn invalid() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}
