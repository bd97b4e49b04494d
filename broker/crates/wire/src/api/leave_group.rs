//! LeaveGroup (key 13): members leave a classic group (KIP-345, KIP-800).

use crate::{ApiKey, ErrorCode, Message, Request};

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-5", flexible = "4+")]
pub struct LeaveGroupRequest {
    pub group_id: String,
    #[field(versions = "0-2")]
    pub member_id: String,
    #[field(versions = "3+")]
    pub members: Vec<MemberIdentity>,
}

impl Request for LeaveGroupRequest {
    const KEY: ApiKey = ApiKey::LeaveGroup;
    type Response = LeaveGroupResponse;
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct MemberIdentity {
    pub member_id: String,
    #[field(default = None)]
    pub group_instance_id: Option<String>,
    #[field(versions = "5+", default = None, ignorable)]
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-5", flexible = "4+")]
pub struct LeaveGroupResponse {
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(versions = "3+")]
    pub members: Vec<MemberResponse>,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct MemberResponse {
    pub member_id: String,
    pub group_instance_id: Option<String>,
    pub error_code: ErrorCode,
}
