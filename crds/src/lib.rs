//! The custom resources of Barnabas: `KafkaCluster` and `KafkaTopic`, group `kafka.barnabas.dev`.
//!
//! Everything that can be known without asking the cluster is refused at `kubectl apply`, by the
//! schema or by a CEL rule whose message says what to do. [`definitions`] is what gets installed;
//! the `crdgen` binary writes it to `manifests/` and to the Helm chart.

pub mod cluster;
pub mod condition;
pub mod config;
mod definition;
pub mod topic;

pub use cluster::{KafkaCluster, KafkaClusterSpec, KafkaClusterStatus};
pub use definition::definitions;
pub use topic::{DeletionPolicy, KafkaTopic, KafkaTopicSpec, KafkaTopicStatus, Placement};

/// API group of every resource.
pub const GROUP: &str = "kafka.barnabas.dev";
