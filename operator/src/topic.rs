//! The controller of `KafkaTopic`.
//!
//! One worker for each Kafka cluster looks after all of its topics: what changed is collected and
//! handled in one pass, with one request of each kind however many topics there are. A pass over
//! all topics every few seconds finds what others changed in Kafka.

mod apply;
mod controller;
mod observe;
pub mod placement;
mod plan;
mod status;
mod validate;
mod worker;

pub use controller::run;
pub use worker::Key;

/// The finalizer of topics that are deleted with their resource.
pub const FINALIZER: &str = "kafka.barnabas.dev/topic";
