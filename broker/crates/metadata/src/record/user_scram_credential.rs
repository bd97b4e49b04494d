//! `UserScramCredentialRecord`, key 11.

use barnabas_wire::Message;
use bytes::Bytes;

/// A user's SCRAM credential was set (RFC 5802).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct UserScramCredentialRecord {
    /// User.
    pub name: String,
    /// 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
    /// Salt.
    pub salt: Bytes,
    /// StoredKey of RFC 5802.
    pub stored_key: Bytes,
    /// ServerKey of RFC 5802.
    pub server_key: Bytes,
    /// Iterations.
    pub iterations: i32,
}
