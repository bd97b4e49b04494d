//! Reconciles KafkaCluster and KafkaTopic resources into a running broker.
//!
//! Each controller is a pipeline with a module for each stage: dereference (all reads), validate
//! (raw spec in, typed value out), plan (observed and desired in, ordered actions out), build
//! (Kubernetes objects as values), apply (carries actions out), status (conditions). Only
//! dereference and apply do I/O.

pub mod cli;
pub mod cluster;
pub mod condition;
pub mod event;
pub mod fingerprint;
pub mod http;
pub mod kafka;
pub mod lease;
pub mod metrics;
mod run;
pub mod topic;

pub use run::{Error, run};

/// Field manager of everything that the operator applies.
pub const MANAGER: &str = "barnabas-operator";

/// Image of brokers when nothing else says which.
pub const BROKER_IMAGE: &str = concat!("barnabas/broker:", env!("CARGO_PKG_VERSION"));
