//! DeleteRecords: moves the starts of logs up (KIP-107).

use std::sync::Arc;
use std::time::Duration;

use barnabas_metadata::Image;
use barnabas_replication::NodeId;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::delete_records::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest,
    DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use futures::future::join_all;

use super::metadata::is_internal;
use super::{RequestContext, lookup};
use crate::access::Operation;
use crate::node::Node;

/// Offset that the response has with an error (`DeleteRecordsResponse.INVALID_LOW_WATERMARK`).
const NO_LOW_WATERMARK: i64 = -1;

/// Serves the API: deletes, and waits until the live followers have deleted, too.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: DeleteRecordsRequest,
) -> DeleteRecordsResponse {
    let image = node.image.load_full();
    let limit = Duration::from_millis(request.timeout_ms.max(0).unsigned_abs().into());
    let topics = request.topics.into_iter().map(|topic| async {
        let name = topic.name;
        let partitions = topic.partitions.into_iter().map(|partition| {
            let (image, name) = (&image, &name);
            async move {
                let deleted = delete(node, ctx, image, name, &partition, limit).await;
                let (error_code, low_watermark) = match deleted {
                    Ok(low) => (ErrorCode::NONE, low),
                    Err(code) => (code, NO_LOW_WATERMARK),
                };
                let partition_index = partition.partition_index;
                DeleteRecordsPartitionResult { partition_index, low_watermark, error_code }
            }
        });
        let partitions = join_all(partitions).await;
        DeleteRecordsTopicResult { name, partitions }
    });
    DeleteRecordsResponse { throttle_time_ms: 0, topics: join_all(topics).await }
}

async fn delete(
    node: &Node,
    ctx: &RequestContext,
    image: &Image,
    topic: &str,
    asked: &DeleteRecordsPartition,
    limit: Duration,
) -> Result<i64, ErrorCode> {
    let named = (topic, asked.partition_index);
    let replica = lookup::replica(node, ctx, image, Operation::Delete, named)?;
    if is_internal(topic) {
        return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
    let policy = replica.log.config();
    if policy.compact && !policy.delete {
        return Err(ErrorCode::POLICY_VIOLATION);
    }
    let before = asked.offset;
    let threads = replica.dir().threads.clone();
    let deleting = Arc::clone(&replica);
    let deleted = threads.run(move || deleting.delete_records(before)).await;
    let start = deleted.map_err(|_| ErrorCode::REQUEST_TIMED_OUT)?.map_err(|fault| fault.code())?;
    let is_live = |id: NodeId| {
        let image = node.image.load();
        image.cluster.broker(id.0).is_some_and(|broker| !broker.fenced)
    };
    let everywhere = node.partitions.deleted_everywhere(&replica, start, is_live);
    match tokio::time::timeout(limit, everywhere).await {
        Ok(low) => low.map_err(|fault| fault.code()),
        Err(_) => Err(ErrorCode::REQUEST_TIMED_OUT),
    }
}
