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

/// How a node stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeStatus {
    /// Node id.
    pub id: i32,
    /// Name of its pod.
    pub pod: String,
    /// Its rack; absent while it is not known, and when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rack: Option<String>,
    /// What it does at the moment.
    pub state: NodeState,
    /// Why it has to be restarted, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<String>,
}

/// What a node does.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum NodeState {
    /// It serves.
    Running,
    /// It serves; not all of its replicas are in sync.
    CatchingUp,
    /// It is coming up.
    Starting,
    /// It is shutting down.
    Stopping,
    /// It does not come up by itself.
    Failed,
    /// It has no pod.
    Missing,
}

/// How the partitions of a cluster stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartitionsStatus {
    /// All partitions, those of Kafka's own topics included.
    pub total: i32,
    /// Partitions without a leader.
    pub offline: i32,
    /// Partitions with fewer replicas in sync than they have.
    pub under_replicated: i32,
    /// Partitions with fewer replicas in sync than `min.insync.replicas`: nobody can produce to
    /// them with `acks=all`.
    pub under_min_isr: i32,
}

/// How the controllers of a cluster stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuorumStatus {
    /// Node id of the active controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader_id: Option<i32>,
    /// Node ids of the voters, as they were known last.
    pub voters: Vec<i32>,
    /// Node ids of voters whose copy of the metadata is behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lagging: Vec<i32>,
}
