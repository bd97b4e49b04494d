//! The APIs that this broker serves: one file each, and the table that finds them.
//!
//! To add one: write `api/<api>.rs` with
//! `pub async fn handle(node: &Arc<Node>, ctx: &RequestContext, request: XRequest) -> XResponse`
//! and add a line to [`ROUTES`]. ApiVersions, decoding, quotas and encoding follow from it.

mod add_raft_voter;
mod allocate_producer_ids;
mod alter_configs;
mod alter_partition;
mod alter_partition_reassignments;
mod alter_replica_log_dirs;
mod api_versions;
mod assign_replicas_to_dirs;
mod begin_quorum_epoch;
mod broker_heartbeat;
mod broker_registration;
mod config_resource;
mod context;
mod controller_registration;
mod create_partitions;
mod create_topics;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_quorum;
mod describe_topic_partitions;
mod dispatch;
mod elect_leaders;
mod end_quorum_epoch;
mod fetch;
mod fetch_snapshot;
mod find_coordinator;
mod group;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
mod list_offsets;
mod list_partition_reassignments;
mod lookup;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod quorum_peer;
mod remove_raft_voter;
mod reply;
mod route;
mod sync_group;
mod unregister_broker;
mod update_features;
mod update_raft_voter;
mod vote;

pub use context::RequestContext;
pub use dispatch::{Answered, BadRequest, Pending, start};
pub use fetch::FetchSessions;
pub use reply::{IntoReply, Reply};
pub use route::Route;

use route::route;

/// Every API served, by ascending key.
pub const ROUTES: &[Route] = &[
    route!(ProduceRequest, produce::handle),
    route!(FetchRequest, fetch::handle),
    route!(ListOffsetsRequest, list_offsets::handle),
    route!(MetadataRequest, metadata::handle),
    route!(OffsetCommitRequest, offset_commit::handle),
    route!(OffsetFetchRequest, offset_fetch::handle),
    route!(FindCoordinatorRequest, find_coordinator::handle),
    route!(JoinGroupRequest, join_group::handle),
    route!(HeartbeatRequest, heartbeat::handle),
    route!(LeaveGroupRequest, leave_group::handle),
    route!(SyncGroupRequest, sync_group::handle),
    route!(DescribeGroupsRequest, describe_groups::handle),
    route!(ListGroupsRequest, list_groups::handle),
    route!(ApiVersionsRequest, api_versions::handle),
    route!(CreateTopicsRequest, create_topics::handle),
    route!(DeleteTopicsRequest, delete_topics::handle),
    route!(DeleteRecordsRequest, delete_records::handle),
    route!(InitProducerIdRequest, init_producer_id::handle),
    route!(OffsetForLeaderEpochRequest, offset_for_leader_epoch::handle),
    route!(DescribeConfigsRequest, describe_configs::handle),
    route!(AlterConfigsRequest, alter_configs::handle),
    route!(AlterReplicaLogDirsRequest, alter_replica_log_dirs::handle),
    route!(DescribeLogDirsRequest, describe_log_dirs::handle),
    route!(CreatePartitionsRequest, create_partitions::handle),
    route!(DeleteGroupsRequest, delete_groups::handle),
    route!(ElectLeadersRequest, elect_leaders::handle),
    route!(IncrementalAlterConfigsRequest, incremental_alter_configs::handle),
    route!(AlterPartitionReassignmentsRequest, alter_partition_reassignments::handle),
    route!(ListPartitionReassignmentsRequest, list_partition_reassignments::handle),
    route!(OffsetDeleteRequest, offset_delete::handle),
    route!(VoteRequest, vote::handle),
    route!(BeginQuorumEpochRequest, begin_quorum_epoch::handle),
    route!(EndQuorumEpochRequest, end_quorum_epoch::handle),
    route!(DescribeQuorumRequest, describe_quorum::handle),
    route!(AlterPartitionRequest, alter_partition::handle),
    route!(UpdateFeaturesRequest, update_features::handle),
    route!(FetchSnapshotRequest, fetch_snapshot::handle),
    route!(DescribeClusterRequest, describe_cluster::handle),
    route!(DescribeProducersRequest, describe_producers::handle),
    route!(BrokerRegistrationRequest, broker_registration::handle),
    route!(BrokerHeartbeatRequest, broker_heartbeat::handle),
    route!(UnregisterBrokerRequest, unregister_broker::handle),
    route!(AllocateProducerIdsRequest, allocate_producer_ids::handle),
    route!(ControllerRegistrationRequest, controller_registration::handle),
    route!(AssignReplicasToDirsRequest, assign_replicas_to_dirs::handle),
    route!(ListConfigResourcesRequest, list_config_resources::handle),
    route!(DescribeTopicPartitionsRequest, describe_topic_partitions::handle),
    route!(AddRaftVoterRequest, add_raft_voter::handle),
    route!(RemoveRaftVoterRequest, remove_raft_voter::handle),
    route!(UpdateRaftVoterRequest, update_raft_voter::handle),
];
