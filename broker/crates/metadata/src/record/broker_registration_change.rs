//! `BrokerRegistrationChangeRecord`, key 17.

use barnabas_wire::{Message, Uuid};

/// Parts of a broker's registration changed.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-3", flexible = "0+")]
pub struct BrokerRegistrationChangeRecord {
    /// Broker id.
    pub broker_id: i32,
    /// Broker epoch; -1 when unknown.
    pub broker_epoch: i64,
    /// 1 fence, 0 no change, -1 unfence.
    #[field(tag = 0)]
    pub fenced: i8,
    /// 1 started to shut down, 0 no change.
    #[field(versions = "1+", tag = 1)]
    pub in_controlled_shutdown: i8,
    /// Ids of the online log directories; empty for no change.
    #[field(versions = "2+", tag = 2)]
    pub log_dirs: Vec<Uuid>,
    /// Cordoned log directories (KIP-1066); null for no change.
    #[field(versions = "3+", tag = 3, default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}
