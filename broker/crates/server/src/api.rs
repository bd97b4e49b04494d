//! The APIs that this broker serves: one file each, and the table that finds them.
//!
//! To add one: write `api/<api>.rs` with
//! `pub async fn handle(node: &Arc<Node>, ctx: &RequestContext, request: XRequest) -> XResponse`
//! and add a line to [`ROUTES`]. ApiVersions, decoding, quotas and encoding follow from it.

mod api_versions;
mod context;
mod dispatch;
mod fetch;
mod list_offsets;
mod metadata;
mod produce;
mod reply;
mod route;

pub use context::RequestContext;
pub use dispatch::{Answered, BadRequest, Pending, start};
pub use fetch::FetchSessions;
pub use reply::{IntoReply, Reply};
pub use route::Route;

use route::route;

/// Every API served, by ascending key.
pub const ROUTES: &[Route] = &[
    route!(ProduceRequest, produce::handle),          // 0
    route!(FetchRequest, fetch::handle),              // 1
    route!(ListOffsetsRequest, list_offsets::handle), // 2
    route!(MetadataRequest, metadata::handle),        // 3
    route!(ApiVersionsRequest, api_versions::handle), // 18
];
