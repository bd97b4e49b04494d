//! DescribeGroups.

use std::sync::Arc;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup,
};

use super::{RequestContext, group};
use crate::access::{Operation, Resource};
use crate::node::Node;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: DescribeGroupsRequest,
) -> DescribeGroupsResponse {
    let mut response = DescribeGroupsResponse::default();
    for name in request.groups {
        let mut described = match describe(node, ctx, &name).await {
            Ok(described) => described,
            Err(error_code) => {
                DescribedGroup { error_code, group_id: name.clone(), ..Default::default() }
            }
        };
        if request.include_authorized_operations && described.error_code == ErrorCode::NONE {
            described.authorized_operations =
                ctx.authorized_operations(node, Resource::Group(&name));
        }
        response.groups.push(described);
    }
    response
}

async fn describe(
    node: &Arc<Node>,
    ctx: &RequestContext,
    name: &str,
) -> Result<DescribedGroup, ErrorCode> {
    let shard = group::shard(node, ctx, Operation::Describe, name)?;
    shard.look(|core, _| core.describe_group(name, ctx.version)).await
}
