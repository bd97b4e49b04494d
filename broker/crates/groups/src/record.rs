//! The records of `__consumer_offsets` (`kafka/semantics.md` 3.8): byte for byte Kafka's.
//!
//! A key is an int16 record type and the key's fields; a value is an int16 version and the value's
//! fields; no value removes what the key names.

mod group_metadata;
mod legacy_offset_commit;
mod offset_commit;
#[cfg(test)]
mod tests;

pub use group_metadata::{GroupMetadataValue as GroupMetadata, MemberMetadata};

use barnabas_wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use bytes::Bytes;

use crate::offsets::CommittedOffset;
use group_metadata::{GroupMetadataKey, GroupMetadataValue};
use legacy_offset_commit::{LegacyOffsetCommitKey, LegacyOffsetCommitValue};
use offset_commit::{OffsetCommitKey, OffsetCommitValue};

/// One record to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Type and key.
    pub key: Bytes,
    /// Version and value; `None` is a tombstone.
    pub value: Option<Bytes>,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// An offset was committed, or forgotten.
    Offset {
        /// The group.
        group: String,
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// What was committed.
        committed: Option<CommittedOffset>,
    },
    /// A classic group reached a state, or was deleted.
    Group {
        /// The group.
        group: String,
        /// Its new state.
        metadata: Option<GroupMetadata>,
    },
    /// A type or version that this broker does not know: to be skipped.
    Unknown {
        /// The record type.
        record_type: i16,
        /// The value's version, if there is a value.
        version: Option<i16>,
    },
}

/// A record that cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The log holds bytes that are no such record.
    #[error("not a group record: {0}")]
    Malformed(#[from] DecodeError),
    /// A value does not fit in the record.
    #[error("does not fit in a group record: {0}")]
    Unwritable(#[from] EncodeError),
}

const LEGACY_OFFSET_COMMIT: i16 = 0;
const OFFSET_COMMIT: i16 = 1;
const GROUP_METADATA: i16 = 2;

/// The versions that Kafka 4.3 writes.
const OFFSET_COMMIT_VERSION: i16 = 4;
const OFFSET_COMMIT_VERSION_WITH_EXPIRY: i16 = 1;
const GROUP_METADATA_VERSION: i16 = 3;

/// Reads a record.
///
/// # Errors
/// [`RecordError::Malformed`].
pub fn decode(key: Bytes, value: Option<Bytes>) -> Result<Decoded, RecordError> {
    let mut key = Decoder::new(key);
    let record_type = i16::from_be_bytes(key.array()?);
    match record_type {
        LEGACY_OFFSET_COMMIT => {
            let LegacyOffsetCommitKey { group, topic, partition } = Message::decode(&mut key, 0)?;
            let value = decode_value::<LegacyOffsetCommitValue>(value)?;
            Ok(value.map_or_else(
                |version| Decoded::Unknown { record_type, version: Some(version) },
                |value| {
                    let committed = value.map(CommittedOffset::from);
                    Decoded::Offset { group, topic, partition, committed }
                },
            ))
        }
        OFFSET_COMMIT => {
            let OffsetCommitKey { group, topic, partition } = Message::decode(&mut key, 0)?;
            let value = decode_value::<OffsetCommitValue>(value)?;
            Ok(value.map_or_else(
                |version| Decoded::Unknown { record_type, version: Some(version) },
                |value| {
                    let committed = value.map(CommittedOffset::from);
                    Decoded::Offset { group, topic, partition, committed }
                },
            ))
        }
        GROUP_METADATA => {
            let GroupMetadataKey { group } = Message::decode(&mut key, 0)?;
            let value = decode_value::<GroupMetadataValue>(value)?;
            Ok(value.map_or_else(
                |version| Decoded::Unknown { record_type, version: Some(version) },
                |metadata| Decoded::Group { group, metadata },
            ))
        }
        _ => {
            let version = value.map(|value| Decoder::new(value).array()).transpose()?;
            Ok(Decoded::Unknown { record_type, version: version.map(i16::from_be_bytes) })
        }
    }
}

/// An offset that was committed (`None`: is forgotten).
pub(crate) fn offset(
    group: &str,
    topic: &str,
    partition: i32,
    committed: Option<&CommittedOffset>,
) -> Result<Record, RecordError> {
    let key = OffsetCommitKey { group: group.to_owned(), topic: topic.to_owned(), partition };
    let value = committed
        .map(|committed| {
            let version = if committed.expires_ms.is_some() {
                OFFSET_COMMIT_VERSION_WITH_EXPIRY
            } else {
                OFFSET_COMMIT_VERSION
            };
            encode(version, &OffsetCommitValue::from(committed), version)
        })
        .transpose()?;
    Ok(Record { key: encode(OFFSET_COMMIT, &key, 0)?, value })
}

/// The state of a classic group (`None`: the group is deleted).
pub(crate) fn group(group: &str, metadata: Option<&GroupMetadata>) -> Result<Record, RecordError> {
    let key = GroupMetadataKey { group: group.to_owned() };
    let value = metadata
        .map(|metadata| encode(GROUP_METADATA_VERSION, metadata, GROUP_METADATA_VERSION))
        .transpose()?;
    Ok(Record { key: encode(GROUP_METADATA, &key, 0)?, value })
}

fn encode(prefix: i16, message: &impl Message, version: i16) -> Result<Bytes, RecordError> {
    let mut encoder = Encoder::new();
    encoder.put(&prefix.to_be_bytes());
    message.encode(&mut encoder, version)?;
    Ok(encoder.into_bytes())
}

/// The value, or its version if that is not known.
fn decode_value<V: Message>(value: Option<Bytes>) -> Result<Result<Option<V>, i16>, RecordError> {
    let Some(value) = value else { return Ok(Ok(None)) };
    let mut decoder = Decoder::new(value);
    let version = i16::from_be_bytes(decoder.array()?);
    if !V::VERSIONS.contains(version) {
        return Ok(Err(version));
    }
    Ok(Ok(Some(V::decode(&mut decoder, version)?)))
}
