//! `AccessControlEntryRecord`, key 18.

use barnabas_wire::{Message, Uuid};

/// An access control entry was added (KIP-801).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct AccessControlEntryRecord {
    /// Id of the entry.
    pub id: Uuid,
    /// Resource type (Kafka: `ResourceType`).
    pub resource_type: i8,
    /// Resource name.
    pub resource_name: String,
    /// 3 literal, 4 prefixed.
    pub pattern_type: i8,
    /// Principal, `User:*` for all.
    pub principal: String,
    /// Host, `*` for all.
    pub host: String,
    /// Operation (Kafka: `AclOperation`).
    pub operation: i8,
    /// 2 deny, 3 allow.
    pub permission_type: i8,
}
