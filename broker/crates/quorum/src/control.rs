//! Control records of the metadata log, and their bytes (`on-disk.md`, section 2).

mod codec;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::{NodeId, VoterSet};

/// The type in a control record's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlType {
    /// The first record of an epoch.
    LeaderChange,
    /// The first record of a snapshot.
    SnapshotHeader,
    /// The last record of a snapshot.
    SnapshotFooter,
    /// The finalized kraft.version.
    KraftVersion,
    /// The voter set.
    Voters,
}

impl ControlType {
    /// The number in the key.
    #[must_use]
    pub fn code(self) -> i16 {
        match self {
            Self::LeaderChange => 2,
            Self::SnapshotHeader => 3,
            Self::SnapshotFooter => 4,
            Self::KraftVersion => 5,
            Self::Voters => 6,
        }
    }

    /// The type of a number; absent for types that do not belong to the metadata log.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        [
            Self::LeaderChange,
            Self::SnapshotHeader,
            Self::SnapshotFooter,
            Self::KraftVersion,
            Self::Voters,
        ]
        .into_iter()
        .find(|kind| kind.code() == code)
    }
}

/// A control record.
#[derive(Clone, Debug, PartialEq)]
pub enum ControlRecord {
    /// The first record of an epoch.
    LeaderChange(LeaderChange),
    /// The first record of a snapshot.
    SnapshotHeader(SnapshotHeader),
    /// The last record of a snapshot.
    SnapshotFooter,
    /// The finalized kraft.version.
    KraftVersion(i16),
    /// The voter set.
    Voters(VoterSet),
}

/// Who won an epoch, and by whose votes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaderChange {
    /// The leader.
    pub leader: NodeId,
    /// The voters.
    pub voters: Vec<NodeId>,
    /// Those that voted for it.
    pub granting: Vec<NodeId>,
}

/// What begins a snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// The append time of the last batch that the snapshot covers, in milliseconds.
    pub last_contained_log_timestamp_ms: i64,
}

/// Bytes that are no control record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The record ends early.
    #[error("a control record ends early")]
    Truncated,
    /// The record does not belong into the metadata log.
    #[error("control record type {0} does not belong into the metadata log")]
    UnknownType(i16),
    /// A version that this release cannot read.
    #[error("version {version} of control record type {kind} is not supported")]
    UnsupportedVersion {
        /// The type's number.
        kind: i16,
        /// The version.
        version: i16,
    },
    /// A length or text is malformed.
    #[error("a control record is malformed")]
    Malformed,
}

impl ControlRecord {
    /// The record's type.
    #[must_use]
    pub fn kind(&self) -> ControlType {
        match self {
            Self::LeaderChange(_) => ControlType::LeaderChange,
            Self::SnapshotHeader(_) => ControlType::SnapshotHeader,
            Self::SnapshotFooter => ControlType::SnapshotFooter,
            Self::KraftVersion(_) => ControlType::KraftVersion,
            Self::Voters(_) => ControlType::Voters,
        }
    }

    /// The record's key: a version (0) and the type.
    #[must_use]
    pub fn key(&self) -> Bytes {
        let [high, low] = self.kind().code().to_be_bytes();
        Bytes::copy_from_slice(&[0, 0, high, low])
    }

    /// The record's value.
    #[must_use]
    pub fn value(&self) -> Bytes {
        codec::encode(self)
    }

    /// The record of a key and value.
    ///
    /// # Errors
    /// When the bytes are malformed, or of a type or version that the metadata log never holds.
    pub fn decode(key: &[u8], value: &[u8]) -> Result<Self, ControlError> {
        let [_, _, high, low] = key.first_chunk::<4>().ok_or(ControlError::Truncated)?;
        let code = i16::from_be_bytes([*high, *low]);
        let kind = ControlType::from_code(code).ok_or(ControlError::UnknownType(code))?;
        codec::decode(kind, value)
    }
}
