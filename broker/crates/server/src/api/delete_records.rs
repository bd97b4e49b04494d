//! DeleteRecords: moves the starts of logs up (KIP-107).

use std::sync::Arc;

use barnabas_metadata::Image;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::delete_records::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest,
    DeleteRecordsResponse, DeleteRecordsTopicResult,
};

use super::metadata::is_internal;
use super::{RequestContext, lookup};
use crate::access::Operation;
use crate::node::Node;

/// Offset that the response has with an error (`DeleteRecordsResponse.INVALID_LOW_WATERMARK`).
const NO_LOW_WATERMARK: i64 = -1;

/// Serves the API. The low watermark is that of this replica: it is the only one.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: DeleteRecordsRequest,
) -> DeleteRecordsResponse {
    let image = node.image.load_full();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            let deleted = delete(node, ctx, &image, &topic.name, partition).await;
            let (error_code, low_watermark) = match deleted {
                Ok(start) => (ErrorCode::NONE, start),
                Err(code) => (code, NO_LOW_WATERMARK),
            };
            let partition_index = partition.partition_index;
            partitions.push(DeleteRecordsPartitionResult {
                partition_index,
                low_watermark,
                error_code,
            });
        }
        topics.push(DeleteRecordsTopicResult { name: topic.name, partitions });
    }
    DeleteRecordsResponse { throttle_time_ms: 0, topics }
}

async fn delete(
    node: &Node,
    ctx: &RequestContext,
    image: &Image,
    topic: &str,
    asked: &DeleteRecordsPartition,
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
    let deleted = threads.run(move || replica.delete_records(before)).await;
    deleted.map_err(|_| ErrorCode::REQUEST_TIMED_OUT)?.map_err(|fault| fault.code())
}
