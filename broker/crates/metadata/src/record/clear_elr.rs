//! `ClearElrRecord`, key 28.

use barnabas_wire::Message;

/// Eligible leader replicas were forgotten (KIP-966).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct ClearElrRecord {
    /// Topic name; empty for all.
    pub topic_name: String,
}
