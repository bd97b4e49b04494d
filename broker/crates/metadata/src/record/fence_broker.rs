//! `FenceBrokerRecord`, key 7.

use barnabas_wire::Message;

/// A broker was fenced. Only in old logs: 4.x writes `BrokerRegistrationChangeRecord`.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct FenceBrokerRecord {
    /// Broker id.
    pub id: i32,
    /// Broker epoch.
    pub epoch: i64,
}
