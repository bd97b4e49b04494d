//! `ConfigRecord`, key 4.

use barnabas_wire::Message;

/// A dynamic config was set or deleted.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct ConfigRecord {
    /// 2 topic, 4 broker, 16 client metrics, 32 group.
    pub resource_type: i8,
    /// Name of the resource; empty for the default of all brokers.
    pub resource_name: String,
    /// Config name.
    pub name: String,
    /// Value as text; null deletes.
    pub value: Option<String>,
}
