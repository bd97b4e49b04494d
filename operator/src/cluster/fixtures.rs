//! Clusters for tests.

use barnabas_crds::KafkaCluster;
use barnabas_crds::cluster::Role;

use super::validate::{Cluster, Defaults, validate};

/// Kafka's id of the cluster.
pub const ID: &str = "4L6g3nShT-eMCtK--X86sw";

const RESOURCE: &str = "\
apiVersion: kafka.barnabas.dev/v1alpha1
kind: KafkaCluster
metadata: {name: events, namespace: kafka, uid: 0b5ad2f0, generation: 1}
spec:
  nodePools:
  - {name: brokers, roles: [controller, broker], replicas: 1, storage: {size: 1Gi}}
  listeners:
  - {name: clients, port: 9092}
";

/// A resource with one node, as an API server would hand it out.
pub fn resource() -> KafkaCluster {
    serde_yaml::from_str(RESOURCE).unwrap()
}

/// The same, validated after `edit`.
pub fn cluster(edit: impl FnOnce(&mut KafkaCluster)) -> Cluster {
    let mut raw = resource();
    edit(&mut raw);
    let defaults = Defaults { broker_image: "barnabas/broker:test".to_owned() };
    validate(&raw, ID, &defaults).unwrap()
}

/// Three nodes, each broker and controller.
pub fn three() -> Cluster {
    cluster(|raw| raw.spec.node_pools[0].replicas = 3)
}

/// Three controllers, ids 0 to 2, and three brokers, ids 10 to 12.
pub fn separate() -> Cluster {
    cluster(|raw| {
        let pools = &mut raw.spec.node_pools;
        pools.push(pools[0].clone());
        (pools[0].name, pools[0].replicas) = ("control".to_owned(), 3);
        pools[0].roles = vec![Role::Controller];
        (pools[1].replicas, pools[1].first_node_id) = (3, 10);
        pools[1].roles = vec![Role::Broker];
    })
}
