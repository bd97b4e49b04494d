//! Broker configs, one table per subject.

mod coordinator;
mod general;
mod log;
mod network;
mod quorum;
mod quota;
mod remote;
mod replication;
mod sasl;
mod security;
mod share;
mod ssl;
mod streams;
mod telemetry;
mod transaction;

use super::ConfigDef;

/// Every broker config.
pub(super) const TABLES: &[&[ConfigDef]] = &[
    coordinator::DEFINITIONS,
    general::DEFINITIONS,
    log::DEFINITIONS,
    network::DEFINITIONS,
    quorum::DEFINITIONS,
    quota::DEFINITIONS,
    remote::DEFINITIONS,
    replication::DEFINITIONS,
    sasl::DEFINITIONS,
    security::DEFINITIONS,
    share::DEFINITIONS,
    ssl::DEFINITIONS,
    streams::DEFINITIONS,
    telemetry::DEFINITIONS,
    transaction::DEFINITIONS,
];
