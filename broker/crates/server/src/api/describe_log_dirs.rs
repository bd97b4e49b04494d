//! DescribeLogDirs: log directories, and the size of what lies in them (KIP-113, KIP-827).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::describe_log_dirs::{
    DescribableLogDirTopic, DescribeLogDirsPartition, DescribeLogDirsRequest,
    DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;
use crate::partition::{LogDir, Replica};

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: DescribeLogDirsRequest,
) -> DescribeLogDirsResponse {
    if !ctx.allows(node, Operation::Describe, Resource::Cluster) {
        return DescribeLogDirsResponse {
            error_code: ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
            ..DescribeLogDirsResponse::default()
        };
    }
    let wanted = request.topics.map(wanted);
    let replicas = node.partitions.all();
    let mut results = Vec::with_capacity(node.partitions.dirs().len());
    for dir in node.partitions.dirs() {
        let here = replicas.iter().filter(|replica| {
            let asked = |wanted: &Wanted| wanted.contains(&of(replica));
            replica.is_in(dir) && wanted.as_ref().is_none_or(asked)
        });
        results.push(describe(dir, here).await);
    }
    DescribeLogDirsResponse { results, ..DescribeLogDirsResponse::default() }
}

type Wanted = BTreeSet<(String, i32)>;

fn wanted(topics: Vec<DescribableLogDirTopic>) -> Wanted {
    let of_topic = |topic: DescribableLogDirTopic| {
        let DescribableLogDirTopic { topic, partitions } = topic;
        partitions.into_iter().map(move |partition| (topic.clone(), partition))
    };
    topics.into_iter().flat_map(of_topic).collect()
}

fn of(replica: &Replica) -> (String, i32) {
    (replica.topic().to_owned(), replica.key.partition)
}

async fn describe<'a>(
    dir: &Arc<LogDir>,
    replicas: impl Iterator<Item = &'a Arc<Replica>>,
) -> DescribeLogDirsResult {
    let mut topics: BTreeMap<&str, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
    for replica in replicas {
        let stats = replica.log.stats();
        let partition = DescribeLogDirsPartition {
            partition_index: replica.key.partition,
            partition_size: i64::try_from(stats.size).unwrap_or(i64::MAX),
            offset_lag: (replica.high_watermark() - stats.end_offset).max(0),
            is_future_key: false,
        };
        topics.entry(replica.topic()).or_default().push(partition);
    }
    let topics = topics.into_iter().map(|(name, mut partitions)| {
        partitions.sort_by_key(|partition| partition.partition_index);
        DescribeLogDirsTopic { name: name.to_owned(), partitions }
    });
    let topics = topics.collect();
    let at = Arc::clone(dir);
    let capacity = dir.threads.run(move || at.disk.capacity(&at.path)).await;
    let log_dir = dir.path.display().to_string();
    match capacity {
        Ok(Ok(capacity)) => DescribeLogDirsResult {
            error_code: ErrorCode::NONE,
            log_dir,
            topics,
            total_bytes: i64::try_from(capacity.total).unwrap_or(i64::MAX),
            usable_bytes: i64::try_from(capacity.usable).unwrap_or(i64::MAX),
            is_cordoned: false,
        },
        _ => DescribeLogDirsResult {
            error_code: ErrorCode::KAFKA_STORAGE_ERROR,
            log_dir,
            ..DescribeLogDirsResult::default()
        },
    }
}
