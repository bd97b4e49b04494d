//! `KafkaCluster`: brokers, grouped in node pools, with their listeners and configuration.

use k8s_openapi::api::core::v1::LocalObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition;
use crate::config::{self, Configs};

mod listener;
mod pool;
mod rack;
mod status;
mod template;

pub use listener::Listener;
pub use pool::{NodePool, Resources, Role, Storage};
pub use rack::{Rack, ZONE};
pub use status::{
    ListenerStatus, NodePoolStatus, NodeState, NodeStatus, PartitionsStatus, QuorumStatus,
};
pub use template::{PodMetadata, PodTemplate};

/// A Kafka cluster, run by the Barnabas operator.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "kafka.barnabas.dev",
    version = "v1alpha1",
    kind = "KafkaCluster",
    plural = "kafkaclusters",
    shortname = "kcl",
    category = "barnabas",
    namespaced,
    status = "KafkaClusterStatus",
    derive = "PartialEq",
    doc = "A Kafka cluster: its brokers, listeners and configuration. The smallest useful one has \
           one node pool with a storage size, and one listener.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status",
        description = "Whether clients can use the cluster"
    ),
    printcolumn(
        name = "Brokers",
        type_ = "string",
        json_path = ".status.brokers",
        description = "Ready brokers of all brokers"
    ),
    printcolumn(
        name = "Under-Replicated",
        type_ = "integer",
        json_path = ".status.partitions.underReplicated",
        description = "Partitions with fewer replicas in sync than they have"
    ),
    printcolumn(
        name = "Offline",
        type_ = "integer",
        json_path = ".status.partitions.offline",
        description = "Partitions without a leader"
    ),
    printcolumn(
        name = "Doing",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Reconciling\")].reason",
        description = "What the operator is working on, empty when at rest"
    ),
    printcolumn(
        name = "Stalled",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Stalled\")].reason",
        description = "Why the operator cannot go on, empty when it can"
    ),
    printcolumn(
        name = "Controller",
        type_ = "integer",
        priority = 1,
        json_path = ".status.quorum.leaderId",
        description = "Node id of the active controller"
    ),
    printcolumn(
        name = "Bootstrap",
        type_ = "string",
        priority = 1,
        json_path = ".status.listeners[0].bootstrapServers",
        description = "bootstrap.servers of the first listener"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        priority = 1,
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        description = "How it stands, in words"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new(
        "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && \
         size(self.metadata.name) <= 40"
    )
    .message(
        "the name becomes part of Service names: use at most 40 lower-case letters, digits and \
         '-', starting with a letter"
    ),
    validation = Rule::new(
        "self.spec.nodePools.all(p, size(self.metadata.name) + size(p.name) <= 51)"
    )
    .message(
        "the cluster's name and a pool's name become a pod's name: together they may have 51 \
         characters, shorten one"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct KafkaClusterSpec {
    /// Groups of nodes that share roles, storage, resources and scheduling. Of all nodes, 1, 3 or
    /// 5 are controllers; controllers and brokers can be added and removed.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(
        merge_strategy = ListMerge::Map(vec!["name".into()]),
        validation = Rule::new(
            "self.map(p, 'controller' in p.roles ? p.replicas : 0).sum() in [1, 3, 5]"
        )
        .message(
            "a cluster has 1, 3 or 5 controllers: correct the replicas of the pools that have the \
             role, and put further brokers into a pool with roles: [broker]"
        ),
        validation = Rule::new("self.exists(p, 'broker' in p.roles)")
            .message("a cluster needs brokers: give a node pool the role broker"),
        validation = Rule::new(
            "self.all(a, self.all(b, a.name == b.name || \
             a.firstNodeId + a.replicas <= b.firstNodeId || \
             b.firstNodeId + b.replicas <= a.firstNodeId))"
        )
        .message(
            "two node pools have the same node ids, which run from firstNodeId: give each pool a \
             range of its own, for example firstNodeId: 100"
        ),
        validation = Rule::new("oldSelf.all(o, self.exists(n, n.name == o.name))")
            .message(
                "a node pool cannot be removed or renamed: its brokers hold data. Restore the \
                 pool's name, or delete the cluster"
            ),
    )]
    pub node_pools: Vec<NodePool>,

    /// Where the racks of brokers come from, by default the zones of the nodes that they run on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rack: Option<Rack>,

    /// Where clients connect. Each listener is reachable at
    /// `<cluster>-bootstrap.<namespace>.svc:<port>`.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(
        merge_strategy = ListMerge::Map(vec!["name".into()]),
        validation = Rule::new("self.all(a, self.exists_one(b, b.port == a.port))")
            .message("two listeners have the same port: give each its own"),
    )]
    pub listeners: Vec<Listener>,

    /// Broker configs by Kafka's names, for example `log.retention.hours: 24`. Whole numbers may
    /// be written as numbers, everything else is quoted. What other fields decide (listeners,
    /// ids, directories) cannot be set here.
    #[serde(default, skip_serializing_if = "Configs::is_empty")]
    #[schemars(schema_with = "config::broker_configs")]
    pub config: Configs,

    /// Bytes per second that each broker receives at most, and sends at most, of replicas that move
    /// because a KafkaTopic says so (`leader.replication.throttled.rate` and
    /// `follower.replication.throttled.rate`). By default there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1024))]
    pub replication_throttle: Option<i64>,

    /// Broker image, by default the one that the operator was installed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^[^\s]+$"))]
    pub image: Option<String>,

    /// When the kubelet pulls the image: `Always`, `IfNotPresent` (default) or `Never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<ImagePullPolicy>,

    /// Secrets with the credentials of the image's registry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "template::plain::<Vec<LocalObjectReference>>")]
    pub image_pull_secrets: Vec<LocalObjectReference>,
}

/// When the kubelet pulls an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ImagePullPolicy {
    /// Whenever a pod starts.
    Always,
    /// When the node does not have it.
    IfNotPresent,
    /// Never: it must be on the node.
    Never,
}

/// What the operator knows about a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KafkaClusterStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Ready`; `Reconciling` and `Stalled` while they are true.
    #[serde(default)]
    #[schemars(schema_with = "condition::conditions")]
    pub conditions: Vec<Condition>,

    /// Id of the cluster, chosen once when it is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_id: Option<String>,

    /// Ready brokers of all brokers, such as `1/1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brokers: Option<String>,

    /// Image that the brokers are to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,

    /// Where clients connect, one entry for each listener.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<ListenerStatus>,

    /// How each node pool stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub node_pools: Vec<NodePoolStatus>,

    /// How each node stands, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeStatus>,

    /// How the partitions stand; absent while the brokers cannot be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<PartitionsStatus>,

    /// How the controllers stand; without `leaderId` while none is active or can be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<QuorumStatus>,

    /// Whether the quorum of controllers was made. From then on a controller with an empty disk
    /// joins the others instead of voting about metadata that it does not have.
    #[serde(default)]
    pub quorum_formed: bool,
}
