//! OffsetForLeaderEpoch: where a leader epoch ends in this log (KIP-101, KIP-320).

use std::sync::Arc;

use barnabas_wire::api::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetForLeaderPartition, OffsetForLeaderTopicResult,
};

use super::{RequestContext, lookup};
use crate::access::Operation;
use crate::node::Node;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let image = node.image.load();
    let topics = request.topics.into_iter().map(|asked| {
        let partitions = asked.partitions.iter().map(|partition| {
            let named = (asked.topic.as_str(), partition.partition);
            let replica = lookup::replica(node, ctx, &image, Operation::Describe, named);
            let end = replica.and_then(|replica| {
                let OffsetForLeaderPartition { current_leader_epoch, leader_epoch, .. } =
                    *partition;
                let end = replica.epoch_end(current_leader_epoch, leader_epoch);
                end.map_err(|fault| fault.code())
            });
            let mut result =
                EpochEndOffset { partition: partition.partition, ..EpochEndOffset::default() };
            match end {
                Ok(end) => {
                    result.leader_epoch = end.epoch;
                    result.end_offset = end.end_offset;
                }
                Err(code) => result.error_code = code,
            }
            result
        });
        OffsetForLeaderTopicResult { partitions: partitions.collect(), topic: asked.topic.clone() }
    });
    let topics = topics.collect();
    OffsetForLeaderEpochResponse { throttle_time_ms: 0, topics }
}
