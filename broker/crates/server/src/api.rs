//! The APIs that this broker serves: one file each, and the table that finds them.
//!
//! To add one: write `api/<api>.rs` with
//! `pub async fn handle(node: &Arc<Node>, ctx: &RequestContext, request: XRequest) -> XResponse`
//! and add a line to [`ROUTES`]. ApiVersions, decoding, quotas and encoding follow from it.

mod api_versions;
mod context;
mod delete_groups;
mod describe_groups;
mod dispatch;
mod fetch;
mod find_coordinator;
mod group;
mod heartbeat;
mod join_group;
mod leave_group;
mod list_groups;
mod list_offsets;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod produce;
mod reply;
mod route;
mod sync_group;

pub use context::RequestContext;
pub use dispatch::{Answered, BadRequest, Pending, start};
pub use fetch::FetchSessions;
pub use reply::{IntoReply, Reply};
pub use route::Route;

use route::route;

/// Every API served, by ascending key.
pub const ROUTES: &[Route] = &[
    route!(ProduceRequest, produce::handle),                  // 0
    route!(FetchRequest, fetch::handle),                      // 1
    route!(ListOffsetsRequest, list_offsets::handle),         // 2
    route!(MetadataRequest, metadata::handle),                // 3
    route!(OffsetCommitRequest, offset_commit::handle),       // 8
    route!(OffsetFetchRequest, offset_fetch::handle),         // 9
    route!(FindCoordinatorRequest, find_coordinator::handle), // 10
    route!(JoinGroupRequest, join_group::handle),             // 11
    route!(HeartbeatRequest, heartbeat::handle),              // 12
    route!(LeaveGroupRequest, leave_group::handle),           // 13
    route!(SyncGroupRequest, sync_group::handle),             // 14
    route!(DescribeGroupsRequest, describe_groups::handle),   // 15
    route!(ListGroupsRequest, list_groups::handle),           // 16
    route!(ApiVersionsRequest, api_versions::handle),         // 18
    route!(DeleteGroupsRequest, delete_groups::handle),       // 42
    route!(OffsetDeleteRequest, offset_delete::handle),       // 47
];
