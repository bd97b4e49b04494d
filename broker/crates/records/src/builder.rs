//! Builds batches: for coordinators, the metadata log, and produced ones that must be rewritten.

use bytes::Bytes;

use crate::batch::EncodedBatch;
use crate::compression::{Codec, Levels, compress_into};
use crate::header::{
    BatchError, BatchHeader, CONTROL_BIT, HEADER_LEN, TIMESTAMP_TYPE_BIT, TRANSACTIONAL_BIT,
    TimestampType,
};
use crate::varint::{put_varint, put_varlong, varint_len, varlong_len};

/// The fields of an idempotent producer; all -1 for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerFields {
    /// Producer id.
    pub id: i64,
    /// Producer epoch.
    pub epoch: i16,
    /// Sequence number of the first record.
    pub base_sequence: i32,
}

impl ProducerFields {
    /// No producer.
    pub const NONE: Self = Self { id: -1, epoch: -1, base_sequence: -1 };
}

/// What a new batch's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchOptions {
    /// Offset of the first record; appending to a log sets it again.
    pub base_offset: i64,
    /// Leader epoch; -1 none.
    pub partition_leader_epoch: i32,
    /// Compression of the records.
    pub codec: Codec,
    /// Compression levels.
    pub levels: Levels,
    /// Whose clock the timestamps are.
    pub timestamp_type: TimestampType,
    /// The producer.
    pub producer: ProducerFields,
    /// Part of a transaction.
    pub transactional: bool,
    /// Holds control records.
    pub control: bool,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            base_offset: 0,
            partition_leader_epoch: -1,
            codec: Codec::None,
            levels: Levels::default(),
            timestamp_type: TimestampType::CreateTime,
            producer: ProducerFields::NONE,
            transactional: false,
            control: false,
        }
    }
}

/// Collects records and encodes them as one batch.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    options: BatchOptions,
    records: Vec<u8>,
    count: i32,
    last_offset_delta: i32,
    base_timestamp: i64,
    max_timestamp: i64,
}

impl BatchBuilder {
    /// An empty batch.
    #[must_use]
    pub fn new(options: BatchOptions) -> Self {
        Self {
            options,
            records: Vec::new(),
            count: 0,
            last_offset_delta: -1,
            base_timestamp: -1,
            max_timestamp: -1,
        }
    }

    /// Adds a record at the next offset.
    pub fn append(&mut self, timestamp_ms: i64, key: Option<&[u8]>, value: Option<&[u8]>) {
        self.append_with_headers(timestamp_ms, key, value, &[]);
    }

    /// Adds a record with headers at the next offset.
    pub fn append_with_headers(
        &mut self,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&[u8], Option<&[u8]>)],
    ) {
        if self.count == 0 {
            self.base_timestamp = timestamp_ms;
        }
        self.last_offset_delta += 1;
        self.count += 1;
        self.max_timestamp = self.max_timestamp.max(timestamp_ms);
        let delta = timestamp_ms.wrapping_sub(self.base_timestamp);
        let out = &mut self.records;
        let length = 1
            + varlong_len(delta)
            + varint_len(self.last_offset_delta)
            + nullable_len(key)
            + nullable_len(value)
            + varint_len(headers.len() as i32)
            + headers.iter().map(|(k, v)| nullable_len(Some(k)) + nullable_len(*v)).sum::<usize>();
        put_varint(out, length as i32);
        out.push(0);
        put_varlong(out, delta);
        put_varint(out, self.last_offset_delta);
        put_nullable(out, key);
        put_nullable(out, value);
        put_varint(out, headers.len() as i32);
        for (name, value) in headers {
            put_nullable(out, Some(name));
            put_nullable(out, *value);
        }
    }

    /// Number of records.
    #[must_use]
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Whether no record was added; there is nothing to append then.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Size that the batch would have without compression, in bytes.
    #[must_use]
    pub fn uncompressed_size(&self) -> usize {
        HEADER_LEN + self.records.len()
    }

    /// The batch. Records that the codec's library fails to compress are left uncompressed.
    #[must_use]
    pub fn build(self) -> EncodedBatch {
        let mut codec = self.options.codec;
        let mut records = self.records;
        if codec != Codec::None {
            match compress(codec, self.options.levels, &records) {
                Ok(compressed) => records = compressed,
                Err(_) => codec = Codec::None,
            }
        }
        let mut attributes = codec.bits();
        if self.options.timestamp_type == TimestampType::LogAppendTime {
            attributes |= TIMESTAMP_TYPE_BIT;
        }
        if self.options.transactional {
            attributes |= TRANSACTIONAL_BIT;
        }
        if self.options.control {
            attributes |= CONTROL_BIT;
        }
        let header = BatchHeader {
            base_offset: self.options.base_offset,
            batch_length: 0,
            partition_leader_epoch: self.options.partition_leader_epoch,
            crc: 0,
            attributes,
            last_offset_delta: self.last_offset_delta,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer_id: self.options.producer.id,
            producer_epoch: self.options.producer.epoch,
            base_sequence: self.options.producer.base_sequence,
            records_count: self.count,
        };
        EncodedBatch::seal(header, Bytes::from(records))
    }
}

fn compress(codec: Codec, levels: Levels, records: &[u8]) -> Result<Vec<u8>, BatchError> {
    let mut out = Vec::with_capacity(records.len() / 2);
    compress_into(codec, levels, &mut out, |writer| {
        writer.write_all(records).map_err(|_| BatchError::Decompression)
    })?;
    Ok(out)
}

fn nullable_len(value: Option<&[u8]>) -> usize {
    value.map_or_else(|| varint_len(-1), |bytes| varint_len(bytes.len() as i32) + bytes.len())
}

fn put_nullable(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        None => put_varint(out, -1),
        Some(bytes) => {
            put_varint(out, bytes.len() as i32);
            out.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests;
