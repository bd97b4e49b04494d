//! `UnregisterBrokerRecord`, key 1.

use barnabas_wire::Message;

/// A broker was removed from the cluster.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct UnregisterBrokerRecord {
    /// Broker id.
    pub broker_id: i32,
    /// Broker epoch; -1 when unknown.
    pub broker_epoch: i64,
}
