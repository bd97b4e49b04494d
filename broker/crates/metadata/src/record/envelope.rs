//! The envelope of a metadata record: frame version, key, version, then the flexible message
//! (Kafka: `MetadataRecordSerde`, `AbstractApiMessageSerde`).

use barnabas_wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use bytes::Bytes;
use thiserror::Error;

use crate::feature::MetadataVersion;

use super::MetadataRecord;

/// The only frame version.
pub const FRAME_VERSION: u32 = 1;

/// A record value that is not a metadata record of Apache Kafka 4.3.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum RecordError {
    /// Another frame version than [`FRAME_VERSION`].
    #[error("metadata record has frame version {0}, only {FRAME_VERSION} is known")]
    UnknownFrame(u32),
    /// A key that no record type of Apache Kafka 4.3 has.
    #[error("metadata record has key {0}, which is unknown: the log was written by newer software")]
    UnknownKey(u32),
    /// A version above those of Apache Kafka 4.3.
    #[error(
        "{name} has version {version}, known are {min} to {max}: \
         the log was written by newer software"
    )]
    UnknownVersion {
        /// Record type.
        name: &'static str,
        /// Version found.
        version: i16,
        /// Lowest known.
        min: i16,
        /// Highest known.
        max: i16,
    },
    /// Bytes after the record.
    #[error("{0} bytes follow the metadata record")]
    TrailingBytes(usize),
    /// The message does not decode.
    #[error("metadata record does not decode: {0}")]
    Malformed(#[from] DecodeError),
}

impl MetadataRecord {
    /// Decodes a record's value.
    ///
    /// # Errors
    /// [`RecordError`]; never panics.
    pub fn decode(value: Bytes) -> Result<Self, RecordError> {
        let mut decoder = Decoder::new(value);
        let frame = decoder.uvarint()?;
        if frame != FRAME_VERSION {
            return Err(RecordError::UnknownFrame(frame));
        }
        let key = decoder.uvarint()?;
        let version = decoder.uvarint()?;
        // No version is that high: the body's check names the record type.
        let version = i16::try_from(version).unwrap_or(i16::MAX);
        let record = Self::decode_body(key, version, &mut decoder)?;
        match decoder.remaining() {
            0 => Ok(record),
            trailing => Err(RecordError::TrailingBytes(trailing)),
        }
    }

    /// Encodes a record's value, in the version that a `metadata.version` asks for.
    ///
    /// # Errors
    /// [`EncodeError`] when a field is set that this version does not have.
    pub fn encode(&self, metadata_version: MetadataVersion) -> Result<Bytes, EncodeError> {
        let version = self.version(metadata_version);
        let mut encoder = Encoder::new();
        encoder.put_uvarint(FRAME_VERSION);
        encoder.put_uvarint(self.key());
        encoder.put_uvarint(u32::from(version.unsigned_abs()));
        self.encode_body(version, &mut encoder)?;
        Ok(encoder.into_bytes())
    }
}

pub(super) fn check_version<M: Message>(version: i16) -> Result<(), RecordError> {
    let range = M::VERSIONS;
    if range.contains(version) {
        return Ok(());
    }
    Err(RecordError::UnknownVersion { name: M::NAME, version, min: range.min, max: range.max })
}
