//! A cluster for tests, as the sample has it.

use barnabas_crds::KafkaCluster;

use super::validate::{Cluster, Defaults, validate};

/// Kafka's id of the cluster.
pub const ID: &str = "4L6g3nShT-eMCtK--X86sw";

/// The sample resource as an API server would hand it out.
pub fn resource() -> KafkaCluster {
    let text = include_str!("../../../manifests/samples/cluster.yaml");
    let mut cluster: KafkaCluster = serde_yaml::from_str(text).unwrap();
    cluster.metadata.namespace = Some("kafka".to_owned());
    cluster.metadata.uid = Some("0b5ad2f0".to_owned());
    cluster.metadata.generation = Some(1);
    cluster
}

/// The same, validated after `edit`.
pub fn cluster(edit: impl FnOnce(&mut KafkaCluster)) -> Cluster {
    let mut raw = resource();
    edit(&mut raw);
    let defaults = Defaults { broker_image: "barnabas/broker:test".to_owned() };
    validate(&raw, ID, &defaults).unwrap()
}
