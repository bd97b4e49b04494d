//! DeleteGroups.

use std::sync::Arc;

use barnabas_groups::GroupError;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::delete_groups::{
    DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse,
};

use super::{RequestContext, group};
use crate::access::Operation;
use crate::node::Node;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: DeleteGroupsRequest,
) -> DeleteGroupsResponse {
    let mut response = DeleteGroupsResponse::default();
    for group_id in request.groups_names {
        let error_code =
            delete(node, ctx, &group_id).await.map_or_else(|error| error, |()| ErrorCode::NONE);
        response.results.push(DeletableGroupResult { group_id, error_code });
    }
    response
}

async fn delete(node: &Arc<Node>, ctx: &RequestContext, name: &str) -> Result<(), ErrorCode> {
    let shard = group::shard(node, ctx, Operation::Delete, name)?;
    let deleted = shard.change(|core, _, step| core.delete_group(name, step)).await?;
    deleted.map_err(GroupError::code)
}
