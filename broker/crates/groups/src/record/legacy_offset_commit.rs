//! LegacyOffsetCommit (type 0): an offset as Kafka 0.8 wrote it; read only.

use barnabas_wire::{Message, Uuid};

use crate::offsets::CommittedOffset;

/// Names a partition of a group.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0")]
pub struct LegacyOffsetCommitKey {
    /// The group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
}

/// What was committed.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0")]
pub struct LegacyOffsetCommitValue {
    /// The next offset to be consumed.
    pub offset: i64,
    /// The client's note.
    pub metadata: String,
    /// When it was committed.
    pub commit_timestamp: i64,
}

impl From<LegacyOffsetCommitValue> for CommittedOffset {
    fn from(value: LegacyOffsetCommitValue) -> Self {
        Self {
            offset: value.offset,
            leader_epoch: -1,
            metadata: value.metadata,
            committed_ms: value.commit_timestamp,
            expires_ms: None,
            topic_id: Uuid::ZERO,
        }
    }
}
