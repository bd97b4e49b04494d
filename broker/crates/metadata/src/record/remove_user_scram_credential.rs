//! `RemoveUserScramCredentialRecord`, key 22.

use barnabas_wire::Message;

/// A user's SCRAM credential was removed.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct RemoveUserScramCredentialRecord {
    /// User.
    pub name: String,
    /// 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
}
