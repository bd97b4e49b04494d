//! `RegisterControllerRecord`, key 27.

use barnabas_wire::{Message, Uuid};

/// A controller process registered.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct RegisterControllerRecord {
    /// Controller id.
    pub controller_id: i32,
    /// Chosen by the process when it started.
    pub incarnation_id: Uuid,
    /// Always false since 4.0.
    pub zk_migration_ready: bool,
    /// Listeners.
    pub end_points: Vec<ControllerEndpoint>,
    /// Supported feature levels.
    pub features: Vec<ControllerFeature>,
}

/// A listener of a controller.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ControllerEndpoint {
    /// Listener name.
    pub name: String,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    pub security_protocol: i16,
}

/// Levels of a feature that a controller can run at.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ControllerFeature {
    /// Feature name.
    pub name: String,
    /// Lowest level.
    pub min_supported_version: i16,
    /// Highest level.
    pub max_supported_version: i16,
}
