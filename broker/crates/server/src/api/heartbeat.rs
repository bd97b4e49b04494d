//! Heartbeat.

use std::sync::Arc;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::heartbeat::{HeartbeatRequest, HeartbeatResponse};

use super::{RequestContext, group};
use crate::access::Operation;
use crate::node::Node;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: HeartbeatRequest,
) -> HeartbeatResponse {
    let beat = match group::shard(node, ctx, Operation::Read, &request.group_id) {
        Ok(shard) => shard.look(|core, now_ms| core.heartbeat(&request, now_ms)).await,
        Err(error) => Err(error),
    };
    beat.unwrap_or_else(|error_code| {
        // A member need not do anything while its group is being loaded.
        let loading = error_code == ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
        let error_code = if loading { ErrorCode::NONE } else { error_code };
        HeartbeatResponse { error_code, ..HeartbeatResponse::default() }
    })
}
