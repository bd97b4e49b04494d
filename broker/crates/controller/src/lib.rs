//! The controller: topics, placement, registrations, elections and configs as metadata records.
//!
//! [`Controller`] turns one request, or the time, into metadata records and an answer. It reads
//! no clock and writes nowhere: the driver appends the records as one batch and answers when
//! they are committed. Each decision is made against the state with everything appended so far,
//! committed or not; a controller that loses its leadership is dropped, and with it what never
//! committed.
//!
//! It does not authorize, route or know about sockets, and it does not elect itself.

mod bootstrap;
mod broker;
mod config;
mod configs;
mod controller;
mod error;
mod feature;
mod partition;
mod periodic;
mod placement;
mod producer_ids;
mod request;
mod topic;

#[cfg(test)]
mod tests;

pub use bootstrap::bootstrap_records;
pub use config::ControllerConfig;
pub use controller::{Controller, Outcome};
pub use error::{ApiError, Fault};
pub use request::{Request, Response};
pub use topic::validate_name as validate_topic_name;

/// Records of one user operation at most; one operation is one batch (`on-disk.md`, section 9).
pub const RECORDS_PER_OPERATION_MAX: usize = 10_000;

/// Records of one batch at most. What is more than a user operation, as when a broker with many
/// partitions is fenced, becomes several: each record is complete for its partition.
pub const RECORDS_PER_BATCH_MAX: usize = RECORDS_PER_OPERATION_MAX;

/// Partitions that one request may create at most (Kafka: `ReplicationControlManager`).
pub const PARTITIONS_PER_REQUEST_MAX: usize = 10_000;
