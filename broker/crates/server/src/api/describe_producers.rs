//! DescribeProducers: the producers that a partition remembers (KIP-664).

use std::sync::Arc;

use barnabas_storage::ProducerEntry;
use barnabas_wire::api::describe_producers::{
    DescribeProducersRequest, DescribeProducersResponse, PartitionResponse, ProducerState,
    TopicResponse,
};

use super::{RequestContext, lookup};
use crate::access::Operation;
use crate::node::Node;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: DescribeProducersRequest,
) -> DescribeProducersResponse {
    let image = node.image.load();
    let topics = request.topics.into_iter().map(|asked| {
        let partitions = asked.partition_indexes.iter().map(|index| {
            let named = (asked.name.as_str(), *index);
            let replica = lookup::replica(node, ctx, &image, Operation::Read, named);
            let producers = replica.and_then(|replica| {
                replica.check_leader(-1).map_err(|fault| fault.code())?;
                Ok(replica.log.producers())
            });
            let mut response =
                PartitionResponse { partition_index: *index, ..PartitionResponse::default() };
            match producers {
                Ok(producers) => {
                    response.active_producers = producers.iter().map(describe).collect();
                }
                Err(code) => response.error_code = code,
            }
            response
        });
        TopicResponse { partitions: partitions.collect(), name: asked.name.clone() }
    });
    DescribeProducersResponse { throttle_time_ms: 0, topics: topics.collect() }
}

fn describe(producer: &ProducerEntry) -> ProducerState {
    ProducerState {
        producer_id: producer.producer_id,
        producer_epoch: i32::from(producer.producer_epoch),
        last_sequence: producer.last_batch().map_or(-1, |batch| batch.last_sequence),
        last_timestamp: producer.last_timestamp,
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.txn_first_offset.unwrap_or(-1),
    }
}
