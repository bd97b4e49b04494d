//! `RegisterBrokerRecord`, key 0.

use barnabas_wire::{Message, Uuid};

/// A broker process registered. Its offset becomes the broker epoch.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-4", flexible = "0+")]
pub struct RegisterBrokerRecord {
    /// Broker id.
    pub broker_id: i32,
    /// Whether the broker came from ZooKeeper: always false since 4.0.
    #[field(versions = "2+")]
    pub is_migrating_zk_broker: bool,
    /// Chosen by the process when it started.
    pub incarnation_id: Uuid,
    /// Broker epoch; -1 when unknown.
    pub broker_epoch: i64,
    /// Listeners.
    pub end_points: Vec<BrokerEndpoint>,
    /// Supported feature levels.
    pub features: Vec<BrokerFeature>,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// Whether the broker is fenced.
    #[field(default = true)]
    pub fenced: bool,
    /// Whether the broker is moving its leaders away.
    #[field(versions = "1+")]
    pub in_controlled_shutdown: bool,
    /// Ids of the online log directories.
    #[field(versions = "3+", tag = 0)]
    pub log_dirs: Vec<Uuid>,
    /// Log directories that get no new replica (KIP-1066).
    #[field(versions = "4+", tag = 1, default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

/// An advertised listener of a broker.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct BrokerEndpoint {
    /// Listener name.
    pub name: String,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    pub security_protocol: i16,
}

/// Levels of a feature that a broker can run at.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct BrokerFeature {
    /// Feature name.
    pub name: String,
    /// Lowest level.
    pub min_supported_version: i16,
    /// Highest level.
    pub max_supported_version: i16,
}
