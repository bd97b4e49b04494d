//! JoinGroup (key 11): a member of a classic group takes part in a rebalance (KIP-345, KIP-394,
//! KIP-559).

use bytes::Bytes;

use crate::{ApiKey, ErrorCode, Message, Request};

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-9", flexible = "6+")]
pub struct JoinGroupRequest {
    pub group_id: String,
    pub session_timeout_ms: i32,
    #[field(versions = "1+", default = -1, ignorable)]
    pub rebalance_timeout_ms: i32,
    pub member_id: String,
    #[field(versions = "5+", default = None)]
    pub group_instance_id: Option<String>,
    pub protocol_type: String,
    pub protocols: Vec<JoinGroupRequestProtocol>,
    #[field(versions = "8+", default = None, ignorable)]
    pub reason: Option<String>,
}

impl Request for JoinGroupRequest {
    const KEY: ApiKey = ApiKey::JoinGroup;
    type Response = JoinGroupResponse;
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct JoinGroupRequestProtocol {
    pub name: String,
    pub metadata: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-9", flexible = "6+")]
pub struct JoinGroupResponse {
    #[field(versions = "2+", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(default = -1)]
    pub generation_id: i32,
    #[field(versions = "7+", default = None, ignorable)]
    pub protocol_type: Option<String>,
    #[field(nullable = "7+")]
    pub protocol_name: Option<String>,
    pub leader: String,
    #[field(versions = "9+")]
    pub skip_assignment: bool,
    pub member_id: String,
    pub members: Vec<JoinGroupResponseMember>,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct JoinGroupResponseMember {
    pub member_id: String,
    #[field(versions = "5+", default = None, ignorable)]
    pub group_instance_id: Option<String>,
    pub metadata: Bytes,
}
