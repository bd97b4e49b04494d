//! `DelegationTokenRecord`, key 10.

use barnabas_wire::Message;

/// A delegation token was issued or renewed (KIP-48).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DelegationTokenRecord {
    /// Principal that the token stands for.
    pub owner: String,
    /// Principal that asked for the token.
    pub requester: String,
    /// Principals that may renew the token.
    pub renewers: Vec<String>,
    /// Time of issue, ms.
    pub issue_timestamp: i64,
    /// End of life, ms.
    pub max_timestamp: i64,
    /// Expiry unless renewed, ms.
    pub expiration_timestamp: i64,
    /// Token id.
    pub token_id: String,
}
