//! Control records: what their keys and values hold (`ControlRecordType`, `EndTransactionMarker`).

/// Version that control record keys and end-transaction markers are written with.
const VERSION: i16 = 0;

/// Kinds of control record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlType {
    /// A transaction was aborted.
    Abort,
    /// A transaction was committed.
    Commit,
    /// A raft leader started its epoch.
    LeaderChange,
    /// First record of a metadata snapshot.
    SnapshotHeader,
    /// Last record of a metadata snapshot.
    SnapshotFooter,
    /// Version of the raft protocol (KIP-853).
    KraftVersion,
    /// The voter set (KIP-853).
    KraftVoters,
}

impl ControlType {
    /// The 4-byte key.
    #[must_use]
    pub fn key(self) -> [u8; 4] {
        let code: i16 = match self {
            Self::Abort => 0,
            Self::Commit => 1,
            Self::LeaderChange => 2,
            Self::SnapshotHeader => 3,
            Self::SnapshotFooter => 4,
            Self::KraftVersion => 5,
            Self::KraftVoters => 6,
        };
        let (version, code) = (VERSION.to_be_bytes(), code.to_be_bytes());
        [version[0], version[1], code[0], code[1]]
    }

    /// Parses a key. Newer key versions begin alike; an unknown type is `None` and to be ignored.
    #[must_use]
    pub fn from_key(key: &[u8]) -> Option<Self> {
        let (_, rest) = key.split_first_chunk::<2>()?;
        match i16::from_be_bytes(*rest.first_chunk()?) {
            0 => Some(Self::Abort),
            1 => Some(Self::Commit),
            2 => Some(Self::LeaderChange),
            3 => Some(Self::SnapshotHeader),
            4 => Some(Self::SnapshotFooter),
            5 => Some(Self::KraftVersion),
            6 => Some(Self::KraftVoters),
            _ => None,
        }
    }
}

/// The value of an `Abort` or `Commit` record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndTxnMarker {
    /// Epoch of the transaction coordinator that wrote it.
    pub coordinator_epoch: i32,
}

impl EndTxnMarker {
    /// The 6-byte value.
    #[must_use]
    pub fn encode(self) -> [u8; 6] {
        let (version, epoch) = (VERSION.to_be_bytes(), self.coordinator_epoch.to_be_bytes());
        [version[0], version[1], epoch[0], epoch[1], epoch[2], epoch[3]]
    }

    /// Parses a value of this or a newer version.
    #[must_use]
    pub fn decode(value: &[u8]) -> Option<Self> {
        let (_, rest) = value.split_first_chunk::<2>()?;
        Some(Self { coordinator_epoch: i32::from_be_bytes(*rest.first_chunk()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_round_trip() {
        for kind in [
            ControlType::Abort,
            ControlType::Commit,
            ControlType::LeaderChange,
            ControlType::SnapshotHeader,
            ControlType::SnapshotFooter,
            ControlType::KraftVersion,
            ControlType::KraftVoters,
        ] {
            assert_eq!(ControlType::from_key(&kind.key()), Some(kind));
        }
        assert_eq!(ControlType::from_key(&[0, 0, 0, 9]), None);
        assert_eq!(ControlType::from_key(&[0, 0, 1]), None);
    }

    #[test]
    fn marker_round_trips() {
        let marker = EndTxnMarker { coordinator_epoch: 77 };
        assert_eq!(EndTxnMarker::decode(&marker.encode()), Some(marker));
        assert_eq!(EndTxnMarker::decode(&[0, 0, 1]), None);
    }
}
