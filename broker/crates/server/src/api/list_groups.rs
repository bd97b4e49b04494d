//! ListGroups: the groups that this broker coordinates.

use std::sync::Arc;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::list_groups::{ListGroupsRequest, ListGroupsResponse};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: ListGroupsRequest,
) -> ListGroupsResponse {
    let mut response = ListGroupsResponse::default();
    for shard in node.groups.all() {
        match shard.look(|core, _| core.list_groups(&request)).await {
            Ok(listed) => response.groups.extend(listed),
            // It moved while we looked: its new coordinator lists it.
            Err(ErrorCode::NOT_COORDINATOR) => {}
            Err(error_code) => {
                return ListGroupsResponse { error_code, ..ListGroupsResponse::default() };
            }
        }
    }
    if !ctx.allows(node, Operation::Describe, Resource::Cluster) {
        response.groups.retain(|listed| {
            ctx.allows(node, Operation::Describe, Resource::Group(&listed.group_id))
        });
    }
    response
}
