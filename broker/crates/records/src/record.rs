//! Records inside an uncompressed (or decompressed) batch, read without copying.

use crate::header::{BatchError, BatchHeader};
use crate::varint::{read_varint, read_varlong};

/// One record; keys, values and headers are slices of the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Absolute offset.
    pub offset: i64,
    /// Timestamp in ms, by the batch's timestamp type.
    pub timestamp: i64,
    /// Key; `None` is null.
    pub key: Option<&'a [u8]>,
    /// Value; `None` is null, a tombstone in a compacted topic.
    pub value: Option<&'a [u8]>,
    /// Timestamp minus the batch's base timestamp, ms.
    pub(crate) timestamp_delta: i64,
    /// Everything after the deltas: key, value and headers, encoded.
    after_deltas: &'a [u8],
    /// Headers, still encoded: see [`Record::headers`].
    headers: &'a [u8],
    header_count: i32,
}

/// A header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader<'a> {
    /// Name, UTF-8 by convention.
    pub key: &'a [u8],
    /// Value; `None` is null.
    pub value: Option<&'a [u8]>,
}

impl<'a> Record<'a> {
    pub(crate) fn after_deltas(&self) -> &'a [u8] {
        self.after_deltas
    }

    /// The headers in order. They were checked when the record was read.
    pub fn headers(&self) -> impl Iterator<Item = RecordHeader<'a>> + use<'a> {
        let mut cursor = Cursor { bytes: self.headers };
        (0..self.header_count).map_while(move |_| cursor.header().ok())
    }
}

/// Iterates over the records of one batch.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    header: BatchHeader,
    cursor: Cursor<'a>,
    left: i32,
}

impl<'a> Records<'a> {
    /// Records of the batch with this header; `payload` is what follows it, decompressed.
    #[must_use]
    pub fn new(header: BatchHeader, payload: &'a [u8]) -> Self {
        Self { header, cursor: Cursor { bytes: payload }, left: header.records_count }
    }

    fn read(&mut self) -> Result<Record<'a>, BatchError> {
        let length = self.cursor.varint()?;
        let mut body = Cursor { bytes: self.cursor.take(length)? };
        body.byte()?;
        let timestamp_delta = body.varlong()?;
        let offset_delta = body.varint()?;
        let after_deltas = body.bytes;
        let key = body.nullable()?;
        let value = body.nullable()?;
        let header_count = body.varint()?;
        if header_count < 0 {
            return Err(BatchError::MalformedRecord("negative header count"));
        }
        let headers = body.bytes;
        for _ in 0..header_count {
            body.header()?;
        }
        if !body.bytes.is_empty() {
            return Err(BatchError::MalformedRecord("length differs from content"));
        }
        Ok(Record {
            offset: self.header.base_offset.wrapping_add(i64::from(offset_delta)),
            timestamp: self.header.record_timestamp(timestamp_delta),
            key,
            value,
            timestamp_delta,
            after_deltas,
            headers,
            header_count,
        })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            return None;
        }
        self.left -= 1;
        let record = self.read();
        if record.is_err() {
            self.left = 0;
        }
        Some(record)
    }
}

#[derive(Clone, Debug)]
struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    #[inline]
    fn byte(&mut self) -> Result<u8, BatchError> {
        let (first, rest) = self.bytes.split_first().ok_or(BatchError::Truncated)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn varint(&mut self) -> Result<i32, BatchError> {
        read_varint(|| self.byte())
    }

    fn varlong(&mut self) -> Result<i64, BatchError> {
        read_varlong(|| self.byte())
    }

    fn take(&mut self, length: i32) -> Result<&'a [u8], BatchError> {
        let length =
            usize::try_from(length).map_err(|_| BatchError::MalformedRecord("negative length"))?;
        let (head, rest) = self.bytes.split_at_checked(length).ok_or(BatchError::Truncated)?;
        self.bytes = rest;
        Ok(head)
    }

    fn nullable(&mut self) -> Result<Option<&'a [u8]>, BatchError> {
        match self.varint()? {
            -1 => Ok(None),
            length => self.take(length).map(Some),
        }
    }

    fn header(&mut self) -> Result<RecordHeader<'a>, BatchError> {
        let length = self.varint()?;
        Ok(RecordHeader { key: self.take(length)?, value: self.nullable()? })
    }
}

#[cfg(test)]
mod tests;
