//! What is known about one config.

use super::{ConfigType, Validator};

/// One config: the facts of Apache Kafka's `ConfigDef.ConfigKey`, and whether we honour it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConfigDef {
    /// Name.
    pub name: &'static str,
    /// Type.
    pub config_type: ConfigType,
    /// Default as text; none for null and for a config that must be set.
    pub default: Option<&'static str>,
    /// Whether it must be set.
    pub required: bool,
    /// Bounds of the value.
    pub validator: Validator,
    /// Importance.
    pub importance: Importance,
    /// How it can change while the broker runs.
    pub update_mode: UpdateMode,
    /// Whether we honour it.
    pub support: Support,
    /// Whether Kafka keeps it out of its documentation.
    pub internal: bool,
    /// What it does, in one sentence.
    pub doc: &'static str,
}

/// Importance to a user (Kafka: `ConfigDef.Importance`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Importance {
    /// High.
    High,
    /// Medium.
    Medium,
    /// Low.
    Low,
}

/// How a config can change while the broker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateMode {
    /// Only in the file, at start.
    ReadOnly,
    /// Dynamically, for one broker at a time.
    PerBroker,
    /// Dynamically, for one broker or for all.
    ClusterWide,
    /// Dynamically, for one topic or group.
    PerResource,
}

/// Whether a value other than the default has its effect in this broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It has.
    Full,
    /// It tunes something that this broker does not have or does otherwise, so that nothing
    /// could show a difference: accepted, and the reason is documented and logged.
    Inert(&'static str),
    /// It asks for something that this broker does not do: refused, with the reason.
    DefaultOnly(&'static str),
    /// These values, alone or in a list, ask for something that this broker does not do.
    Except(&'static [&'static str], &'static str),
}

impl ConfigDef {
    /// Whether the value is a secret that is never shown.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        self.config_type == ConfigType::Password
    }

    /// Whether the value can change while the broker runs.
    #[must_use]
    pub fn is_dynamic(&self) -> bool {
        self.update_mode != UpdateMode::ReadOnly
    }
}

impl UpdateMode {
    /// Kafka's name of the mode.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::PerBroker => "per-broker",
            Self::ClusterWide => "cluster-wide",
            Self::PerResource => "per-resource",
        }
    }
}
