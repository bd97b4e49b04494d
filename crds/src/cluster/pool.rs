//! A group of nodes that are alike.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::template::PodTemplate;

/// A group of nodes that share roles, storage, resources and scheduling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.rack) == has(oldSelf.rack) || !has(oldSelf.rack)")
        .message("a rack cannot be taken away from brokers that have one: restore it"),
)]
pub struct NodePool {
    /// Name of the pool, unique in the cluster and part of its pods' names.
    #[schemars(length(min = 1, max = 30), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,

    /// What the pool's nodes are: `broker`, `controller`, or both (default).
    #[serde(default = "both_roles")]
    #[schemars(length(min = 1, max = 2))]
    #[x_kube(
        merge_strategy = ListMerge::Set,
        validation = Rule::new("self.all(r, r in oldSelf) && oldSelf.all(r, r in self)")
            .message("roles cannot change: restore them, or make another pool")
    )]
    pub roles: Vec<Role>,

    /// Number of nodes. When it is lowered, the nodes with the highest ids go, once they hold no
    /// replicas and vote no more.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1000))]
    pub replicas: i32,

    /// Node id of the pool's first node; the others follow. It is also the ordinal of its pod.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000))]
    #[x_kube(
        validation = Rule::new("self == oldSelf")
            .message("firstNodeId cannot change: brokers keep their ids. Restore it")
    )]
    pub first_node_id: i32,

    /// The disk of each node.
    pub storage: Storage,

    /// CPU and memory of each node's container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,

    /// Rack of every node of the pool: Kafka's `broker.rack`. By default each has the rack of the
    /// Kubernetes node that it runs on, see `spec.rack`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 63),
        regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
    )]
    pub rack: Option<String>,

    /// Labels, annotations and scheduling of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<PodTemplate>,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Serves clients and keeps their records.
    Broker,
    /// Takes part in the quorum that keeps the cluster's metadata.
    Controller,
}

/// A disk, as a PersistentVolumeClaim for each node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new(
        "has(self.class) == has(oldSelf.class) && (!has(self.class) || self.class == oldSelf.class)"
    )
    .message("the storage class of existing disks cannot change: restore it")
)]
pub struct Storage {
    /// Size of the disk, for example 20Gi. It can grow, if the storage class allows it, and never
    /// shrink.
    #[schemars(schema_with = "disk_size")]
    pub size: Quantity,

    /// StorageClass, by default the cluster's default class. Cannot change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub class: Option<String>,

    /// Whether deleting the KafkaCluster also deletes its disks. By default they are kept, and a
    /// cluster made again with the same names finds its data.
    #[serde(default)]
    pub delete_claim: bool,
}

/// CPU and memory of a container, as in a pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new(
        "!has(self.requests) || !has(self.limits) || self.requests.all(k, !(k in self.limits) || \
         quantity(string(self.requests[k])).compareTo(quantity(string(self.limits[k]))) <= 0)"
    )
    .message("a request is greater than its limit: lower the request or raise the limit")
)]
pub struct Resources {
    /// What the scheduler sets aside.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "quantities")]
    pub requests: BTreeMap<String, Quantity>,

    /// What the container may not exceed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "quantities")]
    pub limits: BTreeMap<String, Quantity>,
}

const QUANTITY: &str = r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi)?$";

/// Smallest disk: room for the metadata log and a segment of 1 MiB in each of a few partitions.
const DISK_MIN: &str = "64Mi";

fn disk_size(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "string",
        "maxLength": 32,
        "pattern": QUANTITY,
        "x-kubernetes-validations": [
            {
                "rule": format!("quantity(self).compareTo(quantity('{DISK_MIN}')) >= 0"),
                "message": format!("a broker needs a disk of {DISK_MIN} or more: raise size"),
            },
            {
                "rule": "quantity(self).compareTo(quantity(oldSelf)) >= 0",
                "message": "a disk can grow but not shrink: restore its size",
            },
        ],
    })
}

fn quantities(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "object",
        "maxProperties": 8,
        "additionalProperties": {
            "x-kubernetes-int-or-string": true,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": QUANTITY,
            "maxLength": 32,
        },
        "x-kubernetes-validations": [{
            "rule": "self.all(k, k in ['cpu', 'memory', 'ephemeral-storage'] || \
                     k.startsWith('hugepages-'))",
            "message": "resources are cpu, memory, ephemeral-storage and hugepages-*: correct the \
                        name",
        }],
    })
}

fn both_roles() -> Vec<Role> {
    vec![Role::Controller, Role::Broker]
}

const fn one() -> i32 {
    1
}
