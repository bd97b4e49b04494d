//! LeaveGroup.

use std::sync::Arc;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::leave_group::{LeaveGroupRequest, LeaveGroupResponse};

use super::{RequestContext, group};
use crate::access::Operation;
use crate::node::Node;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: LeaveGroupRequest,
) -> LeaveGroupResponse {
    leave(node, ctx, &request)
        .await
        .unwrap_or_else(|error_code| LeaveGroupResponse { error_code, ..Default::default() })
}

async fn leave(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: &LeaveGroupRequest,
) -> Result<LeaveGroupResponse, ErrorCode> {
    let shard = group::shard(node, ctx, Operation::Read, &request.group_id)?;
    shard.change(|core, now_ms, step| core.leave(request, ctx.version, now_ms, step)).await
}
