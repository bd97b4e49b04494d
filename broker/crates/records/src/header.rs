//! The 61-byte header of a record batch (`DefaultRecordBatch`).

use crate::compression::Codec;

/// Length of the header, in bytes.
pub const HEADER_LEN: usize = 61;
/// Bytes before the ones that `batchLength` counts.
pub const LOG_OVERHEAD: usize = 12;
/// Where the part that the checksum covers begins.
pub const CRC_COVERED_FROM: usize = 21;
/// The only record format that Kafka 4 writes.
pub const MAGIC: i8 = 2;

pub(crate) const AT_LENGTH: usize = 8;
pub(crate) const AT_LEADER_EPOCH: usize = 12;
pub(crate) const AT_MAGIC: usize = 16;
pub(crate) const AT_CRC: usize = 17;
pub(crate) const AT_ATTRIBUTES: usize = 21;
pub(crate) const AT_LAST_DELTA: usize = 23;
pub(crate) const AT_BASE_TIMESTAMP: usize = 27;
pub(crate) const AT_MAX_TIMESTAMP: usize = 35;
pub(crate) const AT_PRODUCER_ID: usize = 43;
pub(crate) const AT_PRODUCER_EPOCH: usize = 51;
pub(crate) const AT_BASE_SEQUENCE: usize = 53;
pub(crate) const AT_COUNT: usize = 57;

pub(crate) const TIMESTAMP_TYPE_BIT: i16 = 1 << 3;
pub(crate) const TRANSACTIONAL_BIT: i16 = 1 << 4;
pub(crate) const CONTROL_BIT: i16 = 1 << 5;
pub(crate) const DELETE_HORIZON_BIT: i16 = 1 << 6;

/// Why bytes are not a valid record batch: whoever wrote them is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The length field is below the size of a header.
    #[error("batch length {0} is below the minimum of 49")]
    BadLength(i32),
    /// The magic byte is not 2.
    #[error("magic {0} is not supported")]
    BadMagic(i8),
    /// A varint has more bytes than its type allows.
    #[error("a varint is too long")]
    BadVarint,
    /// The checksum does not match.
    #[error("checksum is {computed:#010x}, the header says {stored:#010x}")]
    Crc {
        /// Computed over the bytes.
        computed: u32,
        /// Stated in the header.
        stored: u32,
    },
    /// The compressed records cannot be decompressed.
    #[error("records cannot be decompressed")]
    Decompression,
    /// A record contradicts itself or the header.
    #[error("malformed record: {0}")]
    MalformedRecord(&'static str),
    /// Decompressed records exceed the caller's limit.
    #[error("decompressed records exceed the limit")]
    TooLarge,
    /// The bytes end before the batch does.
    #[error("batch is truncated")]
    Truncated,
    /// The codec bits name no codec.
    #[error("compression codec {0} is unknown")]
    UnknownCodec(i16),
}

/// Whose clock the timestamps are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TimestampType {
    /// The producer's, one per record.
    #[default]
    CreateTime,
    /// The leader's: every record has the batch's maximum timestamp.
    LogAppendTime,
}

/// A parsed batch header. Parsing checks what the layout needs, nothing about the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record, also after compaction removed it.
    pub base_offset: i64,
    /// Bytes after the length field; at least 49.
    pub batch_length: i32,
    /// Leader epoch under which it was appended; -1 none.
    pub partition_leader_epoch: i32,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Codec, timestamp type, transactional, control, delete horizon.
    pub attributes: i16,
    /// Offset of the last record minus the base offset.
    pub last_offset_delta: i32,
    /// Timestamp that the records' deltas add to, ms; the delete horizon if that bit is set.
    pub base_timestamp: i64,
    /// Largest timestamp, ms; -1 none.
    pub max_timestamp: i64,
    /// Idempotent producer; -1 none.
    pub producer_id: i64,
    /// Its epoch; -1 none.
    pub producer_epoch: i16,
    /// Sequence number of the first record; -1 none.
    pub base_sequence: i32,
    /// Number of records; 0 only after compaction.
    pub records_count: i32,
}

impl BatchHeader {
    /// Parses the first 61 bytes of `bytes`; what follows need not be there.
    ///
    /// # Errors
    /// `Truncated`, `BadLength` or `BadMagic`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let bytes: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(BatchError::Truncated)?;
        let magic = bytes[AT_MAGIC] as i8;
        if magic != MAGIC {
            return Err(BatchError::BadMagic(magic));
        }
        let batch_length = i32::from_be_bytes(at(bytes, AT_LENGTH));
        if batch_length < (HEADER_LEN - LOG_OVERHEAD) as i32 {
            return Err(BatchError::BadLength(batch_length));
        }
        Ok(Self {
            base_offset: i64::from_be_bytes(at(bytes, 0)),
            batch_length,
            partition_leader_epoch: i32::from_be_bytes(at(bytes, AT_LEADER_EPOCH)),
            crc: u32::from_be_bytes(at(bytes, AT_CRC)),
            attributes: i16::from_be_bytes(at(bytes, AT_ATTRIBUTES)),
            last_offset_delta: i32::from_be_bytes(at(bytes, AT_LAST_DELTA)),
            base_timestamp: i64::from_be_bytes(at(bytes, AT_BASE_TIMESTAMP)),
            max_timestamp: i64::from_be_bytes(at(bytes, AT_MAX_TIMESTAMP)),
            producer_id: i64::from_be_bytes(at(bytes, AT_PRODUCER_ID)),
            producer_epoch: i16::from_be_bytes(at(bytes, AT_PRODUCER_EPOCH)),
            base_sequence: i32::from_be_bytes(at(bytes, AT_BASE_SEQUENCE)),
            records_count: i32::from_be_bytes(at(bytes, AT_COUNT)),
        })
    }

    /// The header's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let mut out = [0; HEADER_LEN];
        put(&mut out, 0, self.base_offset.to_be_bytes());
        put(&mut out, AT_LENGTH, self.batch_length.to_be_bytes());
        put(&mut out, AT_LEADER_EPOCH, self.partition_leader_epoch.to_be_bytes());
        put(&mut out, AT_MAGIC, MAGIC.to_be_bytes());
        put(&mut out, AT_CRC, self.crc.to_be_bytes());
        put(&mut out, AT_ATTRIBUTES, self.attributes.to_be_bytes());
        put(&mut out, AT_LAST_DELTA, self.last_offset_delta.to_be_bytes());
        put(&mut out, AT_BASE_TIMESTAMP, self.base_timestamp.to_be_bytes());
        put(&mut out, AT_MAX_TIMESTAMP, self.max_timestamp.to_be_bytes());
        put(&mut out, AT_PRODUCER_ID, self.producer_id.to_be_bytes());
        put(&mut out, AT_PRODUCER_EPOCH, self.producer_epoch.to_be_bytes());
        put(&mut out, AT_BASE_SEQUENCE, self.base_sequence.to_be_bytes());
        put(&mut out, AT_COUNT, self.records_count.to_be_bytes());
        out
    }

    /// Size of the whole batch in bytes, header included.
    #[must_use]
    pub fn size(&self) -> usize {
        self.batch_length as usize + LOG_OVERHEAD
    }

    /// Offset of the last record.
    #[must_use]
    pub fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::from(self.last_offset_delta))
    }

    /// Offset after the last record.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.last_offset().saturating_add(1)
    }

    /// Sequence number of the last record, modulo 2^31; -1 if there is none.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return -1;
        }
        let sum = i64::from(self.base_sequence) + i64::from(self.last_offset_delta);
        (sum & i64::from(i32::MAX)) as i32
    }

    /// How the records are compressed.
    ///
    /// # Errors
    /// `UnknownCodec`.
    pub fn codec(&self) -> Result<Codec, BatchError> {
        Codec::from_attributes(self.attributes)
    }

    /// Whose clock the timestamps are.
    #[must_use]
    pub fn timestamp_type(&self) -> TimestampType {
        if self.attributes & TIMESTAMP_TYPE_BIT == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// Part of a transaction.
    #[must_use]
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL_BIT != 0
    }

    /// Holds control records, which consumers never see.
    #[must_use]
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL_BIT != 0
    }

    /// The base timestamp is a delete horizon of the log cleaner.
    #[must_use]
    pub fn has_delete_horizon(&self) -> bool {
        self.attributes & DELETE_HORIZON_BIT != 0
    }

    /// Written by an idempotent producer.
    #[must_use]
    pub fn has_producer(&self) -> bool {
        self.producer_id >= 0
    }

    /// The timestamp of a record with this delta, ms.
    #[must_use]
    pub fn record_timestamp(&self, delta: i64) -> i64 {
        match self.timestamp_type() {
            TimestampType::CreateTime => self.base_timestamp.wrapping_add(delta),
            TimestampType::LogAppendTime => self.max_timestamp,
        }
    }
}

fn at<const N: usize>(bytes: &[u8; HEADER_LEN], from: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[from..from + N]);
    out
}

pub(crate) fn put<const N: usize>(out: &mut [u8; HEADER_LEN], from: usize, value: [u8; N]) {
    out[from..from + N].copy_from_slice(&value);
}

#[cfg(test)]
mod tests;
