//! `EndTransactionRecord`, key 24.

use barnabas_wire::Message;

/// The open log transaction applies.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct EndTransactionRecord {}
