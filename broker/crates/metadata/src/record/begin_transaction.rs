//! `BeginTransactionRecord`, key 23.

use barnabas_wire::Message;

/// Records up to the end or the abort apply as one (KIP-868).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct BeginTransactionRecord {
    /// What the transaction does, for people.
    #[field(tag = 0, default = None)]
    pub name: Option<String>,
}
