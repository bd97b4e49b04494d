//! What the controller can be asked.

use barnabas_wire::api::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, AlterConfigsRequest,
    AlterConfigsResponse, AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
    AlterPartitionRequest, AlterPartitionResponse, AssignReplicasToDirsRequest,
    AssignReplicasToDirsResponse, BrokerHeartbeatRequest, BrokerHeartbeatResponse,
    BrokerRegistrationRequest, BrokerRegistrationResponse, ControllerRegistrationRequest,
    ControllerRegistrationResponse, CreatePartitionsRequest, CreatePartitionsResponse,
    CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
    ElectLeadersRequest, ElectLeadersResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse, ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse, UnregisterBrokerRequest, UnregisterBrokerResponse,
    UpdateFeaturesRequest, UpdateFeaturesResponse,
};

/// A request to the controller, authorized already.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Hands out a block of producer ids.
    AllocateProducerIds(AllocateProducerIdsRequest),
    /// Replaces configs.
    AlterConfigs(AlterConfigsRequest),
    /// A leader changes its ISR.
    AlterPartition(AlterPartitionRequest),
    /// Moves replicas to other brokers.
    AlterPartitionReassignments(AlterPartitionReassignmentsRequest),
    /// A broker tells where it keeps its replicas.
    AssignReplicasToDirs(AssignReplicasToDirsRequest),
    /// A broker is alive, or wants to stop.
    BrokerHeartbeat(BrokerHeartbeatRequest),
    /// A broker process starts.
    BrokerRegistration(BrokerRegistrationRequest),
    /// The process registered under this epoch ended, as far as its peers can see (not an API of
    /// Kafka's: it comes from the controller's own process).
    BrokerUnreachable {
        /// The broker.
        broker_id: i32,
        /// Its epoch.
        broker_epoch: i64,
    },
    /// A controller process starts.
    ControllerRegistration(ControllerRegistrationRequest),
    /// Adds partitions to topics.
    CreatePartitions(CreatePartitionsRequest),
    /// Creates topics.
    CreateTopics(CreateTopicsRequest),
    /// Deletes topics.
    DeleteTopics(DeleteTopicsRequest),
    /// Elects leaders that an operator wants.
    ElectLeaders(ElectLeadersRequest),
    /// Changes configs one by one.
    IncrementalAlterConfigs(IncrementalAlterConfigsRequest),
    /// Tells which replicas move.
    ListPartitionReassignments(ListPartitionReassignmentsRequest),
    /// Forgets a broker.
    UnregisterBroker(UnregisterBrokerRequest),
    /// Raises or lowers feature levels.
    UpdateFeatures(UpdateFeaturesRequest),
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// To AllocateProducerIds.
    AllocateProducerIds(AllocateProducerIdsResponse),
    /// To AlterConfigs.
    AlterConfigs(AlterConfigsResponse),
    /// To AlterPartition.
    AlterPartition(AlterPartitionResponse),
    /// To AlterPartitionReassignments.
    AlterPartitionReassignments(AlterPartitionReassignmentsResponse),
    /// To AssignReplicasToDirs.
    AssignReplicasToDirs(AssignReplicasToDirsResponse),
    /// To BrokerHeartbeat.
    BrokerHeartbeat(BrokerHeartbeatResponse),
    /// To BrokerRegistration.
    BrokerRegistration(BrokerRegistrationResponse),
    /// To BrokerUnreachable: whether the broker was fenced.
    BrokerUnreachable(bool),
    /// To ControllerRegistration.
    ControllerRegistration(ControllerRegistrationResponse),
    /// To CreatePartitions.
    CreatePartitions(CreatePartitionsResponse),
    /// To CreateTopics.
    CreateTopics(CreateTopicsResponse),
    /// To DeleteTopics.
    DeleteTopics(DeleteTopicsResponse),
    /// To ElectLeaders.
    ElectLeaders(ElectLeadersResponse),
    /// To IncrementalAlterConfigs.
    IncrementalAlterConfigs(IncrementalAlterConfigsResponse),
    /// To ListPartitionReassignments.
    ListPartitionReassignments(ListPartitionReassignmentsResponse),
    /// To UnregisterBroker.
    UnregisterBroker(UnregisterBrokerResponse),
    /// To UpdateFeatures.
    UpdateFeatures(UpdateFeaturesResponse),
}
