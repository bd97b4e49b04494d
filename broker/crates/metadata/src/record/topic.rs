//! `TopicRecord`, key 2.

use barnabas_wire::{Message, Uuid};

/// A topic was created.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct TopicRecord {
    /// Topic name.
    pub name: String,
    /// Topic id.
    pub topic_id: Uuid,
}
