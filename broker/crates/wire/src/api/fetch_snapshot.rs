//! FetchSnapshot (key 59): reads a part of a metadata snapshot (KIP-630).

use crate::{ApiKey, ErrorCode, Message, Records, Request, Uuid};

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct FetchSnapshotRequest {
    #[field(tag = 0, default = None)]
    pub cluster_id: Option<String>,
    #[field(default = -1)]
    pub replica_id: i32,
    #[field(default = i32::MAX)]
    pub max_bytes: i32,
    pub topics: Vec<RequestTopicSnapshot>,
}

impl Request for FetchSnapshotRequest {
    const KEY: ApiKey = ApiKey::FetchSnapshot;
    type Response = FetchSnapshotResponse;
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct RequestTopicSnapshot {
    pub name: String,
    pub partitions: Vec<RequestPartitionSnapshot>,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct RequestPartitionSnapshot {
    pub partition: i32,
    pub current_leader_epoch: i32,
    pub snapshot_id: RequestSnapshotId,
    pub position: i64,
    #[field(versions = "1+", tag = 0, ignorable)]
    pub replica_directory_id: Uuid,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct RequestSnapshotId {
    pub end_offset: i64,
    pub epoch: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct FetchSnapshotResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub topics: Vec<ResponseTopicSnapshot>,
    #[field(versions = "1+", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct ResponseTopicSnapshot {
    pub name: String,
    pub partitions: Vec<ResponsePartitionSnapshot>,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct ResponsePartitionSnapshot {
    pub index: i32,
    pub error_code: ErrorCode,
    pub snapshot_id: ResponseSnapshotId,
    #[field(tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
    pub size: i64,
    pub position: i64,
    pub unaligned_records: Records,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct ResponseSnapshotId {
    pub end_offset: i64,
    pub epoch: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: String,
    pub port: u16,
}
