//! ListGroups (key 16): the groups that a broker coordinates (KIP-518, KIP-848).

use crate::{ApiKey, ErrorCode, Message, Request};

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct ListGroupsRequest {
    #[field(versions = "4+")]
    pub states_filter: Vec<String>,
    #[field(versions = "5+")]
    pub types_filter: Vec<String>,
}

impl Request for ListGroupsRequest {
    const KEY: ApiKey = ApiKey::ListGroups;
    type Response = ListGroupsResponse;
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct ListGroupsResponse {
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub groups: Vec<ListedGroup>,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct ListedGroup {
    pub group_id: String,
    pub protocol_type: String,
    #[field(versions = "4+", ignorable)]
    pub group_state: String,
    #[field(versions = "5+", ignorable)]
    pub group_type: String,
}
