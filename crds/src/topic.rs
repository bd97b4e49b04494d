//! `KafkaTopic`: a topic of a `KafkaCluster` in the same namespace.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition;
use crate::config::{self, Configs};

/// A topic of a Kafka cluster.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "kafka.barnabas.dev",
    version = "v1alpha1",
    kind = "KafkaTopic",
    plural = "kafkatopics",
    shortname = "kto",
    category = "barnabas",
    namespaced,
    status = "KafkaTopicStatus",
    derive = "PartialEq",
    doc = "A topic of a KafkaCluster in the same namespace. A topic that exists already is \
           adopted; changes made to it by others are reverted.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status",
        description = "Whether the topic is as the spec says"
    ),
    printcolumn(
        name = "Cluster",
        type_ = "string",
        json_path = ".spec.clusterRef.name",
        description = "The KafkaCluster that it belongs to"
    ),
    printcolumn(
        name = "Topic",
        type_ = "string",
        json_path = ".status.topicName",
        description = "Its name in Kafka"
    ),
    printcolumn(
        name = "Partitions",
        type_ = "integer",
        json_path = ".status.partitions",
        description = "Its number of partitions"
    ),
    printcolumn(
        name = "Replicas",
        type_ = "integer",
        json_path = ".status.replicas",
        description = "Its replication factor"
    ),
    printcolumn(
        name = "Under-Replicated",
        type_ = "integer",
        json_path = ".status.underReplicated",
        description = "Partitions with fewer replicas in sync than they have"
    ),
    printcolumn(
        name = "Stalled",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Stalled\")].reason",
        description = "Why the operator cannot go on, empty when it can"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        priority = 1,
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        description = "How it stands, in words"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    selectable = ".spec.clusterRef.name",
    validation = Rule::new(
        "has(self.spec.topicName) || (size(self.metadata.name) <= 249 && self.metadata.name != '.')"
    )
    .message("the name is too long for a Kafka topic: set spec.topicName (249 characters at most)"),
    validation = Rule::new(
        "(has(self.spec.topicName) ? self.spec.topicName : self.metadata.name) == \
         (has(oldSelf.spec.topicName) ? oldSelf.spec.topicName : oldSelf.metadata.name)"
    )
    .message("topicName cannot change: Kafka cannot rename topics. Restore it, or create another \
              KafkaTopic")
)]
#[x_kube(
    validation = Rule::new(
        "!has(self.replicas) || !has(self.config) || !('min.insync.replicas' in self.config) || \
         int(self.config['min.insync.replicas']) <= self.replicas"
    )
    .message(
        "min.insync.replicas is greater than replicas, nobody could produce: lower it, or raise \
         replicas"
    ),
    validation = Rule::new(
        "!has(self.placement) || (has(self.partitions) && has(self.replicas))"
    )
    .message("placement needs a number of partitions and replicas to place: set partitions and \
              replicas"),
    validation = Rule::new("!has(oldSelf.partitions) || has(self.partitions)")
        .message("partitions cannot be taken back: restore the number"),
    validation = Rule::new(
        "!has(self.config) || !('min.compaction.lag.ms' in self.config) || \
         !('max.compaction.lag.ms' in self.config) || \
         int(self.config['min.compaction.lag.ms']) <= int(self.config['max.compaction.lag.ms'])"
    )
    .message("min.compaction.lag.ms is greater than max.compaction.lag.ms: lower it")
)]
#[serde(rename_all = "camelCase")]
pub struct KafkaTopicSpec {
    /// The KafkaCluster, in the same namespace, that the topic belongs to. Cannot change.
    #[x_kube(
        validation = Rule::new("self == oldSelf").message(
            "clusterRef cannot change: a topic does not move. Restore it, or create another \
             KafkaTopic"
        )
    )]
    pub cluster_ref: ClusterRef,

    /// The topic's name in Kafka, by default the resource's own name. Cannot change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 249), regex(pattern = r"^[a-zA-Z0-9._-]+$"))]
    #[x_kube(
        validation = Rule::new("self != '.' && self != '..'")
            .message("'.' and '..' are not topic names: choose another"),
        validation = Rule::new("!self.startsWith('__')")
            .message("names that start with '__' are Kafka's own topics: choose another"),
    )]
    pub topic_name: Option<String>,

    /// Number of partitions. It can grow but not shrink: with a key, records go to other
    /// partitions than before. When left out, a new topic gets the broker's `num.partitions`, and
    /// the number is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    #[x_kube(
        validation = Rule::new("self >= oldSelf").message(
            "partitions cannot decrease: Kafka cannot remove partitions. Restore the number, or \
             create another topic"
        )
    )]
    pub partitions: Option<i32>,

    /// Replication factor: how many brokers hold each partition, in as many racks as there are.
    /// It can change later. When left out, a new topic gets the broker's
    /// `default.replication.factor`, which is 3 where there are 3 brokers, and the number is not
    /// managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub replicas: Option<i32>,

    /// Which brokers have the topic, by default any. Needs `partitions` and `replicas`. When it
    /// changes, replicas move, as fast as the cluster's `replicationThrottle` allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,

    /// Topic configs by Kafka's names, for example `retention.ms: 3600000`. Whole numbers may be
    /// written as numbers, everything else is quoted. What is not here has the broker's default,
    /// and is set back to it.
    #[serde(default, skip_serializing_if = "Configs::is_empty")]
    #[schemars(schema_with = "config::topic_configs")]
    pub config: Configs,

    /// What happens to the topic when this resource is deleted: `Retain` (default) leaves it and
    /// its records, `Delete` deletes them.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

/// Which brokers have a topic: those that are in one of the pools and in one of the racks. Over the
/// racks of these brokers, replicas spread as far as possible.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("has(self.pools) || has(self.racks)")
        .message("placement names neither pools nor racks: name some, or leave placement out")
)]
pub struct Placement {
    /// Names of node pools of the KafkaCluster, by default all that have brokers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(min = 1, max = 16),
        inner(length(min = 1, max = 30), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub pools: Vec<String>,

    /// Racks, by default all: values of `broker.rack`, which are the zones of the Kubernetes nodes
    /// unless the KafkaCluster says otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(min = 1, max = 64),
        inner(
            length(min = 1, max = 63),
            regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
        )
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub racks: Vec<String>,
}

/// A KafkaCluster in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterRef {
    /// Name of the KafkaCluster.
    #[schemars(length(min = 1, max = 40), regex(pattern = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
}

/// What happens to a topic when its resource is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// The topic and its records stay.
    #[default]
    Retain,
    /// The topic and its records are deleted.
    Delete,
}

/// What the operator knows about a topic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KafkaTopicStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Ready`; `Reconciling` and `Stalled` while they are true.
    #[serde(default)]
    #[schemars(schema_with = "condition::conditions")]
    pub conditions: Vec<Condition>,

    /// The topic's name in Kafka.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_name: Option<String>,

    /// The topic's id in Kafka, which changes when the topic is deleted and made again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<String>,

    /// Number of partitions that the topic has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<i32>,

    /// Replication factor that the topic has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,

    /// Partitions with fewer replicas in sync than they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_replicated: Option<i32>,
}

impl KafkaTopic {
    /// The topic's name in Kafka.
    #[must_use]
    pub fn topic_name(&self) -> &str {
        let own = self.metadata.name.as_deref().unwrap_or_default();
        self.spec.topic_name.as_deref().unwrap_or(own)
    }
}
