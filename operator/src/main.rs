//! Reconciles KafkaCluster and KafkaTopic resources into a running broker.

fn main() {}
