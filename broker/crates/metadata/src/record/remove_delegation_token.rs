//! `RemoveDelegationTokenRecord`, key 26.

use barnabas_wire::Message;

/// A delegation token was removed.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct RemoveDelegationTokenRecord {
    /// Token id.
    pub token_id: String,
}
