//! Parts of a cluster's status.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where clients connect to a listener.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListenerStatus {
    /// Name of the listener in the spec.
    pub name: String,
    /// What clients set as `bootstrap.servers`.
    pub bootstrap_servers: String,
}

/// How a node pool stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodePoolStatus {
    /// Name of the pool in the spec.
    pub name: String,
    /// Nodes that there are.
    pub replicas: i32,
    /// Nodes that serve.
    pub ready_replicas: i32,
    /// Nodes that run the current spec.
    pub updated_replicas: i32,
    /// Ids of the pool's nodes.
    pub node_ids: Vec<i32>,
    /// Label selector of the pool's pods, as text.
    pub label_selector: String,
}
