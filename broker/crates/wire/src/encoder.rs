//! The writer of messages.

use bytes::{BufMut, Bytes, BytesMut};

use crate::{EncodeError, varint};

/// A place where bytes that are not in memory belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Bytes of the encoder's output that precede the missing ones.
    pub position: usize,
    /// Number of missing bytes.
    pub length: usize,
}

/// A growing buffer and the cuts in it.
#[derive(Debug, Default)]
pub struct Encoder {
    buffer: BytesMut,
    cuts: Vec<Cut>,
}

impl Encoder {
    /// An empty encoder.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty encoder with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { buffer: BytesMut::with_capacity(capacity), cuts: Vec::new() }
    }

    /// Bytes written so far, cuts not counted.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Bytes of the output once the cuts are filled.
    pub fn total_len(&self) -> usize {
        self.cuts.iter().fold(self.buffer.len(), |total, cut| total.saturating_add(cut.length))
    }

    /// What was written, for a message without cuts.
    pub fn into_bytes(self) -> Bytes {
        self.buffer.freeze()
    }

    /// What was written and the cuts in it, by ascending position.
    pub fn into_parts(self) -> (Bytes, Vec<Cut>) {
        (self.buffer.freeze(), self.cuts)
    }

    /// Appends bytes as they are.
    pub fn put(&mut self, bytes: &[u8]) {
        self.buffer.put_slice(bytes);
    }

    /// Leaves out `length` bytes here, which whoever sends the output supplies.
    pub fn cut(&mut self, length: usize) {
        self.cuts.push(Cut { position: self.buffer.len(), length });
    }

    /// Appends an unsigned variable-length integer.
    pub fn put_uvarint(&mut self, value: u32) {
        varint::put(&mut self.buffer, value);
    }

    /// Appends the length of a nullable string.
    pub(crate) fn put_string_length(
        &mut self,
        length: Option<usize>,
        flexible: bool,
    ) -> Result<(), EncodeError> {
        let short = length.map_or(Ok(-1), |length| {
            i16::try_from(length).map_err(|_| EncodeError::Length(length))
        })?;
        if flexible {
            return self.put_length(length, true);
        }
        self.put(&short.to_be_bytes());
        Ok(())
    }

    /// Appends the length of a nullable array or byte sequence.
    pub(crate) fn put_length(
        &mut self,
        length: Option<usize>,
        flexible: bool,
    ) -> Result<(), EncodeError> {
        let plain = length.map_or(Ok(-1), |length| {
            i32::try_from(length).map_err(|_| EncodeError::Length(length))
        })?;
        if flexible {
            // Of -1..=i32::MAX: no overflow.
            self.put_uvarint((plain.wrapping_add(1)).cast_unsigned());
        } else {
            self.put(&plain.to_be_bytes());
        }
        Ok(())
    }

    /// Appends a tagged field whose value `write` appends.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn put_tag(
        &mut self,
        tag: u32,
        write: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.put_uvarint(tag);
        let start = self.buffer.len();
        // Most values are shorter than 128 bytes, so that their size takes one byte.
        self.buffer.put_u8(0);
        write(self)?;
        let size = self.buffer.len() - start - 1;
        let size = u32::try_from(size).map_err(|_| EncodeError::Length(size))?;
        self.patch_size(start, size);
        Ok(())
    }

    /// Overwrites 4 bytes at `position`, which were written before, with `value`.
    pub(crate) fn patch_i32(&mut self, position: usize, value: i32) {
        self.buffer[position..position + 4].copy_from_slice(&value.to_be_bytes());
    }

    /// Writes `size` where one byte was left for it, moving what follows when it takes more.
    fn patch_size(&mut self, at: usize, size: u32) {
        if let Ok(byte @ 0..0x80) = u8::try_from(size) {
            self.buffer[at] = byte;
            return;
        }
        let mut digits = BytesMut::with_capacity(varint::MAX_LEN);
        varint::put(&mut digits, size);
        let end = self.buffer.len();
        let shift = digits.len() - 1;
        self.buffer.resize(end + shift, 0);
        self.buffer.copy_within(at + 1..end, at + 1 + shift);
        self.buffer[at..=at + shift].copy_from_slice(&digits);
    }
}
