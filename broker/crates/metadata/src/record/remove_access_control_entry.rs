//! `RemoveAccessControlEntryRecord`, key 19.

use barnabas_wire::{Message, Uuid};

/// An access control entry was removed.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct RemoveAccessControlEntryRecord {
    /// Id of the entry.
    pub id: Uuid,
}
