//! What a leader checks and sets in a produced batch (`LogValidator`, `ProduceRequest`).
//!
//! A batch that the topic's configuration does not force to change is accepted as it is: its
//! records stay the slice of the frame they came in, and only header fields are patched.

mod rewrite;

use std::ops::ControlFlow;

use bytes::Bytes;

use crate::batch::EncodedBatch;
use crate::compression::{Codec, Levels};
use crate::crc::crc32c;
use crate::header::{
    BatchError, BatchHeader, CRC_COVERED_FROM, HEADER_LEN, TIMESTAMP_TYPE_BIT, TimestampType,
};
use crate::scan::{RecordMeta, scan};

/// Most record errors reported for one batch; Kafka reports all, we bound the response.
pub const MAX_RECORD_ERRORS: usize = 1000;

/// What the topic's configuration and the request's version ask of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`.
    pub before_max_ms: i64,
    /// `message.timestamp.after.max.ms`.
    pub after_max_ms: i64,
    /// `max.message.bytes`: of the batch, as it came and as it is stored.
    pub max_message_bytes: usize,
    /// `cleanup.policy` has `compact`: every record needs a key.
    pub compacted: bool,
    /// `compression.type`; `None` is `producer`.
    pub codec: Option<Codec>,
    /// `compression.*.level`.
    pub levels: Levels,
    /// Whether the Produce version may carry zstd (from 7 on).
    pub allow_zstd: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            timestamp_type: TimestampType::CreateTime,
            before_max_ms: i64::MAX,
            after_max_ms: 3_600_000,
            max_message_bytes: 1_048_588,
            compacted: false,
            codec: None,
            levels: Levels::default(),
            allow_zstd: true,
        }
    }
}

/// A batch that may be appended once base offset and leader epoch are set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validated {
    /// The batch.
    pub batch: EncodedBatch,
    /// Largest timestamp, ms.
    pub max_timestamp: i64,
    /// The append time that the response reports; -1 with `CreateTime`.
    pub log_append_time: i64,
    /// Number of records.
    pub records_count: i32,
    /// Whether the records were decompressed and written anew.
    pub rewritten: bool,
}

/// What is wrong with one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// A compacted topic needs keys.
    #[error("Compacted topic cannot accept message without key.")]
    MissingKey,
    /// The timestamp is further from now than the topic allows.
    #[error("Timestamp of the message is out of range.")]
    TimestampOutOfRange,
    /// The producer claims to be the log.
    #[error("Producer should not set timestamp type to LogAppendTime.")]
    TimestampType,
}

/// Why a batch is refused: the producer is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValidationError {
    /// Checksum or layout: `CORRUPT_MESSAGE`.
    #[error("record is corrupt: {0}")]
    Corrupt(BatchError),
    /// The batch breaks a rule as a whole: `INVALID_RECORD`.
    #[error("{0}")]
    InvalidBatch(&'static str),
    /// The records cannot be read: `INVALID_RECORD`.
    #[error("invalid records: {0}")]
    InvalidRecords(BatchError),
    /// `MESSAGE_TOO_LARGE`.
    #[error("the batch has {size} bytes, the topic allows {max}")]
    TooLarge {
        /// Size of the batch.
        size: usize,
        /// `max.message.bytes`.
        max: usize,
    },
    /// `UNSUPPORTED_COMPRESSION_TYPE`.
    #[error("Produce requests below version 7 may not use zstd")]
    UnsupportedCompression,
    /// Some records are refused: `INVALID_TIMESTAMP` if any is for its timestamp, else
    /// `INVALID_RECORD`. At most [`MAX_RECORD_ERRORS`], by index in the batch.
    #[error("one or more records have been rejected")]
    Records(Vec<(i32, RecordFault)>),
}

/// Validates the records that a Produce request has for one partition.
///
/// `now_ms` becomes the timestamp with `LogAppendTime`.
///
/// # Errors
/// What the producer did wrong; nothing may be appended.
pub fn validate(bytes: &Bytes, rules: &Rules, now_ms: i64) -> Result<Validated, ValidationError> {
    let header = single_batch(bytes)?;
    let codec = header.codec().map_err(ValidationError::Corrupt)?;
    if codec == Codec::Zstd && !rules.allow_zstd {
        return Err(ValidationError::UnsupportedCompression);
    }
    if bytes.len() > rules.max_message_bytes {
        return Err(too_large(bytes.len(), rules));
    }
    let records = bytes.slice(HEADER_LEN..);
    check_crc(bytes, &header)?;
    check_shape(&header)?;
    let found = check_records(&header, &records, rules, now_ms)?;
    let mut stored = header;
    let mut log_append_time = -1;
    match rules.timestamp_type {
        TimestampType::CreateTime => {
            stored.attributes &= !TIMESTAMP_TYPE_BIT;
            stored.max_timestamp = found.max_timestamp;
        }
        TimestampType::LogAppendTime => {
            stored.attributes |= TIMESTAMP_TYPE_BIT;
            stored.max_timestamp = now_ms;
            log_append_time = now_ms;
        }
    }
    let target = rules.codec.unwrap_or(codec);
    let rewritten = target != codec || !found.deltas_in_order;
    let batch = if rewritten {
        rewrite::rewrite(&header, stored, &records, target, rules, found.deltas_in_order)?
    } else if stored == header {
        EncodedBatch::verbatim(&stored, records)
    } else {
        EncodedBatch::seal(stored, records)
    };
    Ok(Validated {
        batch,
        max_timestamp: stored.max_timestamp,
        log_append_time,
        records_count: stored.records_count,
        rewritten,
    })
}

fn single_batch(bytes: &Bytes) -> Result<BatchHeader, ValidationError> {
    use ValidationError::{Corrupt, InvalidBatch};
    let header = match BatchHeader::parse(bytes) {
        Ok(header) => header,
        Err(BatchError::Truncated) => {
            return Err(InvalidBatch(
                "Produce requests must contain exactly one record batch per partition",
            ));
        }
        Err(BatchError::BadMagic(_)) => {
            return Err(InvalidBatch(
                "Produce requests may only contain record batches with magic version 2",
            ));
        }
        Err(error) => return Err(Corrupt(error)),
    };
    if header.size() == bytes.len() {
        Ok(header)
    } else if header.size() > bytes.len() {
        Err(Corrupt(BatchError::Truncated))
    } else {
        Err(InvalidBatch("Produce requests may only contain one record batch per partition"))
    }
}

fn check_crc(bytes: &[u8], header: &BatchHeader) -> Result<(), ValidationError> {
    let computed = crc32c(&bytes[CRC_COVERED_FROM..]);
    if computed == header.crc {
        Ok(())
    } else {
        let error = BatchError::Crc { computed, stored: header.crc };
        Err(ValidationError::Corrupt(error))
    }
}

fn check_shape(header: &BatchHeader) -> Result<(), ValidationError> {
    let fault = if header.base_offset != 0 {
        "The base offset of a produced batch must be 0"
    } else if header.last_offset_delta < 0 {
        "The batch has an invalid offset range"
    } else if header.records_count <= 0 {
        "The batch has an invalid record count"
    } else if header.records_count - 1 != header.last_offset_delta {
        "The record count differs from the offset range"
    } else if header.is_control() {
        "Clients are not allowed to write control records"
    } else if header.has_producer() && header.base_sequence < 0 {
        "A batch of an idempotent producer needs a sequence number"
    } else {
        return Ok(());
    };
    Err(ValidationError::InvalidBatch(fault))
}

struct Found {
    max_timestamp: i64,
    /// Whether the offset deltas are 0, 1, … n-1.
    deltas_in_order: bool,
}

fn check_records(
    header: &BatchHeader,
    records: &[u8],
    rules: &Rules,
    now_ms: i64,
) -> Result<Found, ValidationError> {
    let mut found = Found { max_timestamp: -1, deltas_in_order: true };
    let mut faults = Vec::new();
    let mut index = 0;
    scan(header, records, |record| {
        let timestamp = header.record_timestamp(record.timestamp_delta);
        found.max_timestamp = found.max_timestamp.max(timestamp);
        found.deltas_in_order &= record.offset_delta == index;
        if let Some(fault) = fault_of(header, record, timestamp, rules, now_ms) {
            faults.push((index, fault));
        }
        index += 1;
        if faults.len() < MAX_RECORD_ERRORS {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })
    .map_err(ValidationError::InvalidRecords)?;
    if faults.is_empty() { Ok(found) } else { Err(ValidationError::Records(faults)) }
}

#[inline]
fn fault_of(
    header: &BatchHeader,
    record: RecordMeta,
    timestamp: i64,
    rules: &Rules,
    now_ms: i64,
) -> Option<RecordFault> {
    if rules.compacted && !record.has_key {
        return Some(RecordFault::MissingKey);
    }
    if rules.timestamp_type == TimestampType::CreateTime && timestamp != -1 {
        let ahead = timestamp.saturating_sub(now_ms);
        if ahead > rules.after_max_ms || ahead.saturating_neg() > rules.before_max_ms {
            return Some(RecordFault::TimestampOutOfRange);
        }
    }
    (header.timestamp_type() == TimestampType::LogAppendTime).then_some(RecordFault::TimestampType)
}

fn too_large(size: usize, rules: &Rules) -> ValidationError {
    ValidationError::TooLarge { size, max: rules.max_message_bytes }
}

#[cfg(test)]
mod tests;
