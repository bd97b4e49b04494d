//! DescribeLogDirs: log directories, and the size of what lies in them (KIP-113, KIP-827).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::describe_log_dirs::{
    DescribableLogDirTopic, DescribeLogDirsPartition, DescribeLogDirsRequest,
    DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;
use crate::partition::{LogDir, Moving, Replica};

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
    let (replicas, moves) = (node.partitions.all(), node.partitions.moving());
    let mut results = Vec::with_capacity(node.partitions.dirs().len());
    for dir in node.partitions.dirs() {
        let asked =
            |replica: &Replica| wanted.as_ref().is_none_or(|wanted| wanted.contains(&of(replica)));
        let here = replicas.iter().filter(|replica| replica.is_in(dir) && asked(replica));
        let coming = moves
            .iter()
            .filter(|moving| Arc::ptr_eq(&moving.target, dir) && asked(&moving.replica));
        let here = here.map(|replica| (&**replica, current(replica)));
        let coming = coming.map(|moving| (&*moving.replica, future(moving)));
        results.push(describe(dir, here.chain(coming).collect()).await);
    }
    results.extend(node.partitions.absent_dirs().iter().map(|path| failed(path)));
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

fn current(replica: &Replica) -> DescribeLogDirsPartition {
    let stats = replica.log.stats();
    DescribeLogDirsPartition {
        partition_index: replica.key.partition,
        partition_size: i64::try_from(stats.size).unwrap_or(i64::MAX),
        offset_lag: (replica.high_watermark() - stats.end_offset).max(0),
        is_future_key: false,
    }
}

fn future(moving: &Moving) -> DescribeLogDirsPartition {
    DescribeLogDirsPartition {
        partition_index: moving.replica.key.partition,
        partition_size: i64::try_from(moving.size).unwrap_or(i64::MAX),
        offset_lag: moving.offset_lag,
        is_future_key: true,
    }
}

async fn describe(
    dir: &Arc<LogDir>,
    replicas: Vec<(&Replica, DescribeLogDirsPartition)>,
) -> DescribeLogDirsResult {
    if dir.is_offline() {
        return failed(&dir.path);
    }
    let mut topics: BTreeMap<&str, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
    for (replica, partition) in replicas {
        topics.entry(replica.topic()).or_default().push(partition);
    }
    let topics = topics.into_iter().map(|(name, mut partitions)| {
        partitions.sort_by_key(|partition| partition.partition_index);
        DescribeLogDirsTopic { name: name.to_owned(), partitions }
    });
    let topics = topics.collect();
    let at = Arc::clone(dir);
    let capacity = dir.threads.run(move || at.disk.capacity(&at.path)).await;
    match capacity {
        Ok(Ok(capacity)) => DescribeLogDirsResult {
            error_code: ErrorCode::NONE,
            log_dir: dir.path.display().to_string(),
            topics,
            total_bytes: i64::try_from(capacity.total).unwrap_or(i64::MAX),
            usable_bytes: i64::try_from(capacity.usable).unwrap_or(i64::MAX),
            is_cordoned: dir.is_cordoned(),
        },
        _ => failed(&dir.path),
    }
}

/// A directory of which nothing is known but that it fails.
fn failed(path: &Path) -> DescribeLogDirsResult {
    DescribeLogDirsResult {
        error_code: ErrorCode::KAFKA_STORAGE_ERROR,
        log_dir: path.display().to_string(),
        ..DescribeLogDirsResult::default()
    }
}
