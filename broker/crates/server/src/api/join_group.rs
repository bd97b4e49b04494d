//! JoinGroup.

use std::sync::Arc;

use barnabas_groups::Reply;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::join_group::{JoinGroupRequest, JoinGroupResponse};

use super::{RequestContext, group};
use crate::access::Operation;
use crate::node::Node;

/// Versions from this on may leave the protocol out.
const NULLABLE_PROTOCOL_SINCE: i16 = 7;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: JoinGroupRequest,
) -> JoinGroupResponse {
    let mut response = join(node, ctx, &request).await.unwrap_or_else(|error_code| {
        let member_id = request.member_id.clone();
        JoinGroupResponse { error_code, member_id, ..JoinGroupResponse::default() }
    });
    if ctx.version < NULLABLE_PROTOCOL_SINCE {
        response.protocol_name.get_or_insert_default();
    }
    response
}

async fn join(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: &JoinGroupRequest,
) -> Result<JoinGroupResponse, ErrorCode> {
    let shard = group::shard(node, ctx, Operation::Read, &request.group_id)?;
    let client = group::client(ctx);
    let random = group::randomness();
    let reply = shard
        .ask(|core, ticket, now_ms, step| {
            core.join(request, &client, ticket, random, now_ms, step);
        })
        .await?;
    match reply {
        Reply::Join(response) => Ok(response),
        Reply::Sync(_) => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
    }
}
