//! What the tests of all messages share.

use barnabas_wire::{DecodeError, Decoder, Encoder, Message};
use bytes::Bytes;

/// Calls the macro `$visit` with the names of all requests.
#[macro_export]
macro_rules! for_each_request {
    ($visit:ident) => {
        $visit! {
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
            EndQuorumEpochRequest
            FetchRequest
            FetchSnapshotRequest
            FindCoordinatorRequest
            HeartbeatRequest
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
    };
}

/// The bytes of a message.
pub fn encode<M: Message>(message: &M, version: i16) -> Bytes {
    let mut encoder = Encoder::new();
    message.encode(&mut encoder, version).unwrap();
    encoder.into_bytes()
}

/// The message that all of the bytes are.
pub fn decode<M: Message>(bytes: Bytes, version: i16) -> Result<M, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    let message = M::decode(&mut decoder, version)?;
    decoder.finish()?;
    Ok(message)
}
