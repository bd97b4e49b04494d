//! A notation for tables of definitions.

use super::definition::{ConfigDef, Importance, Support, UpdateMode};
use super::{ConfigType, Validator};

/// A definition with a default.
pub(super) const fn def(
    name: &'static str,
    config_type: ConfigType,
    default: &'static str,
    doc: &'static str,
) -> ConfigDef {
    ConfigDef { default: Some(default), ..null(name, config_type, doc) }
}

/// A definition whose default is null.
pub(super) const fn null(
    name: &'static str,
    config_type: ConfigType,
    doc: &'static str,
) -> ConfigDef {
    ConfigDef {
        name,
        config_type,
        default: None,
        required: false,
        validator: Validator::Any,
        importance: Importance::Medium,
        update_mode: UpdateMode::ReadOnly,
        support: Support::Full,
        internal: false,
        doc,
    }
}

impl ConfigDef {
    pub(super) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) const fn high(self) -> Self {
        Self { importance: Importance::High, ..self }
    }

    pub(super) const fn low(self) -> Self {
        Self { importance: Importance::Low, ..self }
    }

    pub(super) const fn internal(self) -> Self {
        Self { internal: true, ..self }
    }

    pub(super) const fn cluster_wide(self) -> Self {
        Self { update_mode: UpdateMode::ClusterWide, ..self }
    }

    pub(super) const fn per_broker(self) -> Self {
        Self { update_mode: UpdateMode::PerBroker, ..self }
    }

    pub(super) const fn per_resource(self) -> Self {
        Self { update_mode: UpdateMode::PerResource, ..self }
    }

    pub(super) const fn at_least(self, min: i64) -> Self {
        Self { validator: Validator::Range { min, max: i64::MAX }, ..self }
    }

    pub(super) const fn between(self, min: i64, max: i64) -> Self {
        Self { validator: Validator::Range { min, max }, ..self }
    }

    pub(super) const fn check(self, validator: Validator) -> Self {
        Self { validator, ..self }
    }

    pub(super) const fn inert(self, reason: &'static str) -> Self {
        Self { support: Support::Inert(reason), ..self }
    }

    pub(super) const fn default_only(self, reason: &'static str) -> Self {
        Self { support: Support::DefaultOnly(reason), ..self }
    }

    pub(super) const fn except(
        self,
        values: &'static [&'static str],
        reason: &'static str,
    ) -> Self {
        Self { support: Support::Except(values, reason), ..self }
    }
}

/// Why a config is inert or refused; each reads as the end of "… has no effect: …".
pub(super) mod reason {
    pub(in super::super) const ACL: &str = "ACLs are not supported yet, everyone is allowed";
    pub(in super::super) const ASYNC: &str = "work is not bound to pools of a fixed size here";
    pub(in super::super) const COMPACT: &str = "log compaction is not supported yet";
    pub(in super::super) const CONSUMER: &str =
        "the consumer group protocol (KIP-848) is not supported yet";
    pub(in super::super) const EARLY: &str = "every listener opens when the broker is ready";
    pub(in super::super) const INTERNAL: &str = "it is for Apache Kafka's own tests";
    pub(in super::super) const JMX: &str = "metrics are read at /metrics, not sampled";
    pub(in super::super) const JVM: &str = "there is no JVM to load a Java class";
    pub(in super::super) const LZ4: &str = "the encoder has one level";
    pub(in super::super) const PEERS: &str = "connections between nodes have fixed limits";
    pub(in super::super) const LINGER: &str = "records are written as they come";
    pub(in super::super) const PER_ADDRESS: &str =
        "exceptions for single addresses are not supported yet";
    pub(in super::super) const PREALLOCATE: &str = "segments are not preallocated";
    pub(in super::super) const PURGATORY: &str = "finished requests leave nothing to purge here";
    pub(in super::super) const QUEUE: &str = "requests are bounded per connection";
    pub(in super::super) const QUOTA: &str = "quotas are not supported yet";
    pub(in super::super) const RATE: &str = "connection rates are not limited yet";
    pub(in super::super) const SASL: &str = "SASL is not supported yet";
    pub(in super::super) const SHARE: &str = "share groups (KIP-932) are not supported yet";
    pub(in super::super) const SOCKETS: &str = "the kernel sizes queues and buffers by itself";
    pub(in super::super) const STARTUP: &str = "a start that cannot succeed fails at once";
    pub(in super::super) const STREAMS: &str = "streams groups (KIP-1071) are not supported yet";
    pub(in super::super) const TELEMETRY: &str = "client metrics (KIP-714) are not supported yet";
    pub(in super::super) const TIERED: &str = "tiered storage (KIP-405) is not supported yet";
    pub(in super::super) const TLS: &str = "TLS is not supported yet";
    pub(in super::super) const TOKEN: &str = "delegation tokens are not supported yet";
    pub(in super::super) const TRACE: &str = "slow controller events are logged always";
    pub(in super::super) const TXN: &str = "transactions are not supported yet";
    pub(in super::super) const UNSTABLE: &str = "nothing unfinished is offered";
}
