//! Reconciles KafkaCluster and KafkaTopic resources into a running broker.

pub mod kafka;
