//! OffsetCommit (type 1): an offset that a group committed for a partition.

use barnabas_wire::{Message, Uuid};

use crate::offsets::CommittedOffset;

/// Names a partition of a group.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0")]
pub struct OffsetCommitKey {
    /// The group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
}

/// What was committed.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-4", flexible = "4+")]
pub struct OffsetCommitValue {
    /// The next offset to be consumed.
    pub offset: i64,
    /// Leader epoch of the last consumed record.
    #[field(versions = "3+", default = -1, ignorable)]
    pub leader_epoch: i32,
    /// The client's note.
    pub metadata: String,
    /// When it was committed.
    pub commit_timestamp: i64,
    /// When it expires, if the client said so.
    #[field(versions = "1", default = -1, ignorable)]
    pub expire_timestamp: i64,
    /// The topic that had the name at the time.
    #[field(versions = "4+", tag = 0, ignorable)]
    pub topic_id: Uuid,
}

impl From<OffsetCommitValue> for CommittedOffset {
    fn from(value: OffsetCommitValue) -> Self {
        Self {
            offset: value.offset,
            leader_epoch: value.leader_epoch,
            metadata: value.metadata,
            committed_ms: value.commit_timestamp,
            expires_ms: (value.expire_timestamp != -1).then_some(value.expire_timestamp),
            topic_id: value.topic_id,
        }
    }
}

impl From<&CommittedOffset> for OffsetCommitValue {
    fn from(committed: &CommittedOffset) -> Self {
        Self {
            offset: committed.offset,
            leader_epoch: committed.leader_epoch,
            metadata: committed.metadata.clone(),
            commit_timestamp: committed.committed_ms,
            expire_timestamp: committed.expires_ms.unwrap_or(-1),
            topic_id: committed.topic_id,
        }
    }
}
