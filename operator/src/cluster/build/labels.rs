//! Labels of everything that belongs to a cluster.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::super::validate::{Cluster, Pool};

/// Label with the name of the KafkaCluster.
pub const CLUSTER: &str = "kafka.barnabas.dev/cluster";
/// Label with the name of the node pool.
pub const POOL: &str = "kafka.barnabas.dev/pool";
/// Label of pods that serve clients.
pub const BROKER: &str = "kafka.barnabas.dev/broker";
/// Label of pods that vote about the metadata.
pub const CONTROLLER: &str = "kafka.barnabas.dev/controller";
/// Selects everything that this operator makes.
pub const MANAGED: &str = "app.kubernetes.io/managed-by=barnabas-operator";

type Labels = BTreeMap<String, String>;

/// Labels of an object; of a pool's, if one is given.
pub fn all(cluster: &Cluster, pool: Option<&Pool>) -> Labels {
    let mut labels = selected(cluster, pool);
    for (name, value) in [
        ("app.kubernetes.io/name", "barnabas"),
        ("app.kubernetes.io/instance", cluster.name.as_str()),
        ("app.kubernetes.io/component", "broker"),
        ("app.kubernetes.io/managed-by", "barnabas-operator"),
    ] {
        labels.insert(name.to_owned(), value.to_owned());
    }
    labels
}

/// The labels that pods are selected by: they never change.
pub fn selected(cluster: &Cluster, pool: Option<&Pool>) -> Labels {
    let mut labels = Labels::from([(CLUSTER.to_owned(), cluster.name.clone())]);
    if let Some(pool) = pool {
        labels.insert(POOL.to_owned(), pool.name.clone());
    }
    labels
}

/// What the nodes of a pool are, as labels of their pods.
pub fn roles(pool: &Pool) -> Labels {
    let roles = [(BROKER, pool.broker), (CONTROLLER, pool.controller)].into_iter();
    roles.map(|(role, has)| (role.to_owned(), has.to_string())).collect()
}

/// The labels that the pods of all brokers are selected by.
pub fn brokers(cluster: &Cluster) -> Labels {
    let mut labels = selected(cluster, None);
    labels.insert(BROKER.to_owned(), true.to_string());
    labels
}

/// Selects a cluster's pods, or a pool's.
pub fn selector(cluster: &Cluster, pool: Option<&Pool>) -> LabelSelector {
    LabelSelector { match_labels: Some(selected(cluster, pool)), match_expressions: None }
}

/// The same as text.
#[must_use]
pub fn selector_text(cluster: &Cluster, pool: Option<&Pool>) -> String {
    let terms: Vec<String> =
        selected(cluster, pool).iter().map(|(name, value)| format!("{name}={value}")).collect();
    terms.join(",")
}
