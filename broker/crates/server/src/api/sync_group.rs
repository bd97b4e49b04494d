//! SyncGroup.

use std::sync::Arc;

use barnabas_groups::Reply;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::sync_group::{SyncGroupRequest, SyncGroupResponse};

use super::{RequestContext, group};
use crate::access::Operation;
use crate::node::Node;

/// Versions from this on name the protocol, so that the coordinator can check it (KIP-559).
const PROTOCOL_SINCE: i16 = 5;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: SyncGroupRequest,
) -> SyncGroupResponse {
    sync(node, ctx, &request)
        .await
        .unwrap_or_else(|error_code| SyncGroupResponse { error_code, ..Default::default() })
}

async fn sync(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: &SyncGroupRequest,
) -> Result<SyncGroupResponse, ErrorCode> {
    let names_protocol = request.protocol_type.is_some() && request.protocol_name.is_some();
    if ctx.version >= PROTOCOL_SINCE && !names_protocol {
        return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    }
    let shard = group::shard(node, ctx, Operation::Read, &request.group_id)?;
    let reply =
        shard.ask(|core, ticket, now_ms, step| core.sync(request, ticket, now_ms, step)).await?;
    match reply {
        Reply::Sync(response) => Ok(response),
        Reply::Join(_) => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
    }
}
