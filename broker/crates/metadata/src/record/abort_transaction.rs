//! `AbortTransactionRecord`, key 25.

use barnabas_wire::Message;

/// The open log transaction is dropped.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct AbortTransactionRecord {
    /// Why, for people.
    #[field(tag = 0, default = None)]
    pub reason: Option<String>,
}
