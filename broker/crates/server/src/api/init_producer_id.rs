//! InitProducerId: an id for an idempotent producer (KIP-98, KIP-360).

use std::sync::Arc;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API, for producers without transactions: there is no transaction coordinator.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: InitProducerIdRequest,
) -> InitProducerIdResponse {
    let id = match &request.transactional_id {
        // Not retriable: the client gives up at once and says why.
        Some(_) => Err(ErrorCode::UNSUPPORTED_VERSION),
        None if !may_be_idempotent(node, ctx) => Err(ErrorCode::CLUSTER_AUTHORIZATION_FAILED),
        None if request.producer_id != -1 && request.producer_epoch == -1 => {
            Err(ErrorCode::INVALID_REQUEST)
        }
        None => node.producer_ids.next(node).await,
    };
    match id {
        Ok(producer_id) => InitProducerIdResponse {
            producer_id,
            producer_epoch: 0,
            ..InitProducerIdResponse::default()
        },
        Err(error_code) => InitProducerIdResponse {
            error_code,
            producer_epoch: -1,
            ..InitProducerIdResponse::default()
        },
    }
}

/// Who may write to any topic may do so idempotently (KIP-679); topics are checked by Produce.
fn may_be_idempotent(node: &Node, ctx: &RequestContext) -> bool {
    let image = node.image.load();
    let mut topics = image.topics.iter();
    ctx.allows(node, Operation::IdempotentWrite, Resource::Cluster)
        || topics.any(|topic| ctx.allows(node, Operation::Write, Resource::Topic(&topic.name)))
}
