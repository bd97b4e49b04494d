//! What the tests of all messages share.

use barnabas_wire::api;

/// Something to do for the type of each request and response.
pub trait Visitor {
    /// Called with each API: its request type, whose response type is `R::Response`.
    fn visit<R>(&mut self)
    where
        R: barnabas_wire::Request + barnabas_wire::Arbitrary + PartialEq + std::fmt::Debug,
        R::Response: barnabas_wire::Arbitrary + PartialEq + std::fmt::Debug;
}

macro_rules! visit {
    ($visitor:ident: $($request:ident)*) => { $($visitor.visit::<api::$request>();)* };
}

/// Visits every API.
pub fn visit_all(visitor: &mut impl Visitor) {
    visit! { visitor:
        AllocateProducerIdsRequest
        AlterConfigsRequest
        AlterPartitionRequest
        ApiVersionsRequest
        BeginQuorumEpochRequest
        BrokerHeartbeatRequest
        BrokerRegistrationRequest
        ControllerRegistrationRequest
        CreatePartitionsRequest
        CreateTopicsRequest
        DeleteGroupsRequest
        DeleteRecordsRequest
        DeleteTopicsRequest
        DescribeClusterRequest
        DescribeConfigsRequest
        DescribeGroupsRequest
        DescribeLogDirsRequest
        DescribeProducersRequest
        DescribeQuorumRequest
        DescribeTopicPartitionsRequest
        EndQuorumEpochRequest
        FetchRequest
        FetchSnapshotRequest
        FindCoordinatorRequest
        HeartbeatRequest
        IncrementalAlterConfigsRequest
        InitProducerIdRequest
        JoinGroupRequest
        LeaveGroupRequest
        ListConfigResourcesRequest
        ListGroupsRequest
        ListOffsetsRequest
        MetadataRequest
        OffsetCommitRequest
        OffsetDeleteRequest
        OffsetFetchRequest
        OffsetForLeaderEpochRequest
        ProduceRequest
        SyncGroupRequest
        VoteRequest
    }
}
