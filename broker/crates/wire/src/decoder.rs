//! The reader of hostile bytes.

use std::mem::size_of;

use bytes::Bytes;

use crate::{DecodeError, varint};

/// Bytes of memory that decoding may allocate for each byte of the frame.
const MEMORY_PER_BYTE: usize = 4;
/// Bytes of memory that decoding may allocate on top: small messages of short strings are larger
/// in memory than [`MEMORY_PER_BYTE`] permits, and no danger.
const MEMORY_SLACK: usize = 64 * 1024;
/// Unknown tagged fields that a message may carry; they are dropped.
const MAX_UNKNOWN_TAGS: u32 = 64;
/// Bytes of the longest string.
const MAX_STRING: usize = i16::MAX as usize;

/// A position in a frame, and the memory that its message may still take.
///
/// No method allocates from a length before the length is known to fit the bytes that remain.
/// Strings and arrays are copied, their memory counted against a budget of four times the frame
/// plus 64 KiB; byte sequences and records are slices of the frame.
#[derive(Clone, Debug)]
pub struct Decoder {
    bytes: Bytes,
    position: usize,
    end: usize,
    budget: usize,
    unknown_tags: u32,
}

impl Decoder {
    /// A decoder at the start of `bytes`.
    pub fn new(bytes: Bytes) -> Self {
        let end = bytes.len();
        let budget = end.saturating_mul(MEMORY_PER_BYTE).saturating_add(MEMORY_SLACK);
        Self { bytes, position: 0, end, budget, unknown_tags: 0 }
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.end - self.position
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// [`DecodeError::Trailing`].
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.remaining() {
            0 => Ok(()),
            left => Err(DecodeError::Trailing(left)),
        }
    }

    /// Reads `N` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let window = &self.bytes[self.position..self.end];
        let Some(array) = window.first_chunk::<N>() else {
            return Err(DecodeError::Truncated { needed: N, remaining: window.len() });
        };
        let array = *array;
        self.position += N;
        Ok(array)
    }

    /// Reads `length` bytes as a slice of the frame.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn slice(&mut self, length: usize) -> Result<Bytes, DecodeError> {
        self.require(length)?;
        let slice = self.bytes.slice(self.position..self.position + length);
        self.position += length;
        Ok(slice)
    }

    /// Reads `length` bytes as a string of its own.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`], [`DecodeError::Utf8`], [`DecodeError::OverBudget`].
    pub fn string(&mut self, length: usize) -> Result<String, DecodeError> {
        self.require(length)?;
        self.charge(length)?;
        let bytes = &self.bytes[self.position..self.position + length];
        let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::Utf8)?.to_owned();
        self.position += length;
        Ok(text)
    }

    /// An empty vector with room for `length` elements that take at least `least` bytes each.
    ///
    /// # Errors
    /// [`DecodeError::ArrayTooLong`], [`DecodeError::OverBudget`].
    pub fn vec<T>(&mut self, length: usize, least: usize) -> Result<Vec<T>, DecodeError> {
        let remaining = self.remaining();
        if length.saturating_mul(least) > remaining {
            return Err(DecodeError::ArrayTooLong { length, remaining });
        }
        self.charge(length.saturating_mul(size_of::<T>()))?;
        Ok(Vec::with_capacity(length))
    }

    /// Reads an unsigned variable-length integer of 32 bits.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`], [`DecodeError::Varint`].
    pub fn uvarint(&mut self) -> Result<u32, DecodeError> {
        let (value, length) = varint::get(&self.bytes[self.position..self.end])?;
        self.position += length;
        Ok(value)
    }

    /// Reads the length of a nullable string: `None` is null.
    pub(crate) fn string_length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        if flexible {
            // Compact lengths could say more, but no version permits it.
            return match self.compact_length()? {
                Some(length) if length > MAX_STRING => Err(DecodeError::StringTooLong { length }),
                length => Ok(length),
            };
        }
        Ok(usize::try_from(i16::from_be_bytes(self.array()?)).ok())
    }

    /// Reads the length of a nullable array or byte sequence: `None` is null.
    pub(crate) fn length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        if flexible {
            return self.compact_length();
        }
        Ok(usize::try_from(i32::from_be_bytes(self.array()?)).ok())
    }

    /// Reads the tagged section of a struct. `read` gets each tag with a decoder confined to its
    /// value, and says whether it knows the tag.
    ///
    /// # Errors
    /// The section is malformed, or `read` failed.
    pub fn read_tags(
        &mut self,
        mut read: impl FnMut(u32, &mut Self) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        let count = self.uvarint()?;
        let mut least = 0u64;
        for _ in 0..count {
            let tag = self.uvarint()?;
            if u64::from(tag) < least {
                return Err(DecodeError::TagOrder { tag });
            }
            least = u64::from(tag) + 1;
            let size = self.uvarint()? as usize;
            self.require(size)?;
            self.read_tag(tag, size, &mut read)?;
        }
        Ok(())
    }

    /// Drops the tagged section of a struct that knows no tags.
    ///
    /// # Errors
    /// The section is malformed.
    pub fn skip_tags(&mut self) -> Result<(), DecodeError> {
        self.read_tags(|_, _| Ok(false))
    }

    fn read_tag(
        &mut self,
        tag: u32,
        size: usize,
        read: &mut impl FnMut(u32, &mut Self) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        let outer = self.end;
        self.end = self.position + size;
        if !read(tag, self)? {
            self.unknown_tags += 1;
            if self.unknown_tags > MAX_UNKNOWN_TAGS {
                return Err(DecodeError::TooManyTags);
            }
            self.position = self.end;
        }
        if self.remaining() > 0 {
            return Err(DecodeError::TagSize { tag, left: self.remaining() });
        }
        self.end = outer;
        Ok(())
    }

    fn compact_length(&mut self) -> Result<Option<usize>, DecodeError> {
        Ok((self.uvarint()? as usize).checked_sub(1))
    }

    fn require(&self, needed: usize) -> Result<(), DecodeError> {
        let remaining = self.remaining();
        if needed > remaining {
            return Err(DecodeError::Truncated { needed, remaining });
        }
        Ok(())
    }

    fn charge(&mut self, memory: usize) -> Result<(), DecodeError> {
        self.budget = self
            .budget
            .checked_sub(memory)
            .ok_or(DecodeError::OverBudget { frame: self.bytes.len() })?;
        Ok(())
    }
}
