//! AlterReplicaLogDirs: replicas move between the log directories of this broker (KIP-113).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use barnabas_storage::directory::TopicPartition;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::alter_replica_log_dirs::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult, AlterReplicaLogDirsRequest,
    AlterReplicaLogDirsResponse,
};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API. The answer comes when the moves begin; DescribeLogDirs tells how they go.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: AlterReplicaLogDirsRequest,
) -> AlterReplicaLogDirsResponse {
    let allowed = ctx.allows(node, Operation::Alter, Resource::Cluster);
    let mut results: BTreeMap<String, Vec<AlterReplicaLogDirPartitionResult>> = BTreeMap::new();
    for dir in request.dirs {
        let path = Path::new(&dir.path);
        for topic in dir.topics {
            let answers = topic.partitions.iter().map(|partition| {
                let error_code = if allowed {
                    start(node, &topic.name, *partition, path)
                } else {
                    ErrorCode::CLUSTER_AUTHORIZATION_FAILED
                };
                AlterReplicaLogDirPartitionResult { partition_index: *partition, error_code }
            });
            let answers: Vec<_> = answers.collect();
            results.entry(topic.name).or_default().extend(answers);
        }
    }
    let results = results
        .into_iter()
        .map(|(topic_name, partitions)| AlterReplicaLogDirTopicResult { topic_name, partitions });
    AlterReplicaLogDirsResponse {
        results: results.collect(),
        ..AlterReplicaLogDirsResponse::default()
    }
}

fn start(node: &Node, topic: &str, partition: i32, path: &Path) -> ErrorCode {
    let image = node.image.load();
    let replica = node.partitions.named(&image, topic, partition);
    let partition = TopicPartition::new(topic, partition);
    match node.partitions.move_replica(&partition, replica, path) {
        Ok(()) => ErrorCode::NONE,
        Err(error) => {
            tracing::debug!(%partition, dir = %path.display(), %error, "a replica is not moved");
            error.code()
        }
    }
}
