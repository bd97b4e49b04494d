//! `RemoveTopicRecord`, key 9.

use barnabas_wire::{Message, Uuid};

/// A topic was removed, with its partitions and configs.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct RemoveTopicRecord {
    /// Topic id.
    pub topic_id: Uuid,
}
