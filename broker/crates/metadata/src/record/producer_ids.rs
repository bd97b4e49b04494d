//! `ProducerIdsRecord`, key 15.

use barnabas_wire::Message;

/// A block of producer ids was given out.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct ProducerIdsRecord {
    /// Broker id.
    pub broker_id: i32,
    /// Broker epoch; -1 when unknown.
    #[field(default = -1)]
    pub broker_epoch: i64,
    /// First id of the next block.
    pub next_producer_id: i64,
}
