//! SyncGroup (key 14): distributes the assignments of a rebalance (KIP-345, KIP-559).

use bytes::Bytes;

use crate::{ApiKey, ErrorCode, Message, Request};

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-5", flexible = "4+")]
pub struct SyncGroupRequest {
    pub group_id: String,
    pub generation_id: i32,
    pub member_id: String,
    #[field(versions = "3+", default = None)]
    pub group_instance_id: Option<String>,
    #[field(versions = "5+", default = None, ignorable)]
    pub protocol_type: Option<String>,
    #[field(versions = "5+", default = None, ignorable)]
    pub protocol_name: Option<String>,
    pub assignments: Vec<SyncGroupRequestAssignment>,
}

impl Request for SyncGroupRequest {
    const KEY: ApiKey = ApiKey::SyncGroup;
    type Response = SyncGroupResponse;
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct SyncGroupRequestAssignment {
    pub member_id: String,
    pub assignment: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-5", flexible = "4+")]
pub struct SyncGroupResponse {
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(versions = "5+", default = None, ignorable)]
    pub protocol_type: Option<String>,
    #[field(versions = "5+", default = None, ignorable)]
    pub protocol_name: Option<String>,
    pub assignment: Bytes,
}
