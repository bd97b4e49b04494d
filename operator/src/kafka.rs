//! The operator's Kafka client: what it administers topics with, many in one request, and asks how
//! a cluster stands with.

mod admin;
mod cluster;
mod connection;
mod defaults;
mod error;
mod reassignment;
#[cfg(test)]
mod tests;

pub use admin::{Admin, Answers, ConfigChange, Configs, NewTopic, TopicState};
pub use cluster::{Broker, Partition, Quorum};
pub use connection::Connection;
pub use error::{Error, Refusal};
pub use reassignment::Assignment;
