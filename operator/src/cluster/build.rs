//! The Kubernetes objects of a cluster, as values: one file for each kind.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::core::ApiResource;
use serde::Serialize;
use serde_json::Value;

use super::validate::{Cluster, Pool};
use crate::fingerprint;

mod bootstrap_service;
mod config_map;
mod headless_service;
pub mod labels;
mod network_policy;
pub mod pod;
mod pod_disruption_budget;
mod properties;
mod quorum;
mod service_account;
mod stateful_set;

pub use quorum::voters_of;

/// Port of the brokers' HTTP server: `/livez`, `/readyz`, `/metrics`.
pub const HTTP_PORT: i32 = 8080;
/// Port of the listener among controllers.
pub const CONTROLLER_PORT: i32 = 9090;
/// Port of the listener among brokers, which the operator uses too.
pub const REPLICATION_PORT: i32 = 9091;
/// Annotation with the fingerprint of what was applied last.
pub const APPLIED: &str = "kafka.barnabas.dev/applied";
/// Annotation of disks with the id of the cluster whose data they hold.
pub const CLUSTER_ID: &str = "kafka.barnabas.dev/cluster-id";

/// Annotation of disks whose node has voted about the metadata.
pub const QUORUM_FORMED: &str = "kafka.barnabas.dev/quorum-formed";
/// Annotation of pods with the rack of the node that they run on.
pub const RACK: &str = "kafka.barnabas.dev/rack";
/// Its value when the node has none; no label of Kubernetes can have it.
pub const NO_RACK: &str = "-";

/// An object as the operator wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// Its API.
    pub api: ApiResource,
    /// Its name.
    pub name: String,
    /// The fields that the operator decides, and no others.
    pub value: Value,
}

impl Rendered {
    /// Kind and name, for people.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.api.kind, self.name)
    }
}

/// Every object of a cluster, in the order of applying: a StatefulSet comes after what its pods
/// use.
#[must_use]
pub fn build(cluster: &Cluster) -> Vec<Rendered> {
    let mut objects = vec![
        rendered(service_account::build(cluster)),
        rendered(network_policy::build(cluster)),
        rendered(headless_service::build(cluster)),
        rendered(bootstrap_service::build(cluster)),
        rendered(pod_disruption_budget::build(cluster)),
    ];
    for pool in &cluster.pools {
        let config_map = config_map::build(cluster, pool);
        objects.push(rendered(config_map));
        objects.push(rendered(stateful_set::build(cluster, pool)));
    }
    objects
}

fn metadata(cluster: &Cluster, name: &str, pool: Option<&Pool>) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(cluster.namespace.clone()),
        labels: Some(labels::all(cluster, pool)),
        owner_references: Some(vec![cluster.owner.clone()]),
        ..ObjectMeta::default()
    }
}

#[expect(clippy::expect_used, reason = "Kubernetes' types are always JSON, and have names here")]
fn rendered<K: Resource<DynamicType = ()> + Serialize>(mut object: K) -> Rendered {
    let text = serde_json::to_string(&object).expect("an object is JSON");
    object
        .meta_mut()
        .annotations
        .get_or_insert_default()
        .insert(APPLIED.to_owned(), fingerprint::of(&text));
    Rendered {
        api: ApiResource::erase::<K>(&()),
        name: object.meta().name.clone().expect("an object has a name"),
        value: serde_json::to_value(&object).expect("an object is JSON"),
    }
}

#[cfg(test)]
mod tests;
