//! Producer ids, from blocks that the controller hands out (KIP-730).

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::allocate_producer_ids::AllocateProducerIdsRequest;
use tokio::sync::Mutex;

use crate::node::Node;

/// The block that this broker takes ids from.
#[derive(Debug, Default)]
pub struct ProducerIds {
    block: Mutex<Block>,
}

#[derive(Debug, Default)]
struct Block {
    next: i64,
    end: i64,
}

impl ProducerIds {
    /// An id that nobody had before.
    ///
    /// # Errors
    /// `COORDINATOR_LOAD_IN_PROGRESS`, which clients retry, while no block can be had.
    pub async fn next(&self, node: &Node) -> Result<i64, ErrorCode> {
        let mut block = self.block.lock().await;
        if block.next == block.end {
            *block = allocate(node).await?;
        }
        let id = block.next;
        block.next += 1;
        Ok(id)
    }
}

async fn allocate(node: &Node) -> Result<Block, ErrorCode> {
    let broker_id = node.identity.node_id;
    let registered = node.image.load().cluster.broker(broker_id).map(|broker| broker.epoch);
    let broker_epoch = registered.ok_or(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)?;
    let request = AllocateProducerIdsRequest { broker_id, broker_epoch };
    match node.ask_controller(Request::AllocateProducerIds(request)).await {
        Ok(Response::AllocateProducerIds(block)) if block.error_code == ErrorCode::NONE => {
            let next = block.producer_id_start;
            Ok(Block { next, end: next + i64::from(block.producer_id_len) })
        }
        Ok(response) => {
            tracing::warn!(?response, "no block of producer ids");
            Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
        }
        Err(error) => {
            tracing::warn!(%error, "no block of producer ids");
            Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
        }
    }
}
