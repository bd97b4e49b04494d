//! `FeatureLevelRecord`, key 12.

use barnabas_wire::Message;

/// A feature level was finalized (KIP-584).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct FeatureLevelRecord {
    /// Feature name.
    pub name: String,
    /// Finalized level; 0 removes.
    pub feature_level: i16,
}
