//! `ClientQuotaRecord`, key 14.

use barnabas_wire::Message;

/// A client quota was set or removed (KIP-546).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct ClientQuotaRecord {
    /// Whom the quota is for.
    pub entity: Vec<EntityData>,
    /// Quota name.
    pub key: String,
    /// Quota value.
    pub value: f64,
    /// Whether the quota is removed.
    pub remove: bool,
}

/// One part of whom a quota is for.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EntityData {
    /// `user`, `client-id` or `ip`.
    pub entity_type: String,
    /// Name; null for the default.
    pub entity_name: Option<String>,
}
