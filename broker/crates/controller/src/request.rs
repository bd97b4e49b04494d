//! What the controller can be asked.

use barnabas_wire::api::allocate_producer_ids::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse,
};
use barnabas_wire::api::alter_configs::{AlterConfigsRequest, AlterConfigsResponse};
use barnabas_wire::api::alter_partition::{AlterPartitionRequest, AlterPartitionResponse};
use barnabas_wire::api::broker_heartbeat::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};
use barnabas_wire::api::broker_registration::{
    BrokerRegistrationRequest, BrokerRegistrationResponse,
};
use barnabas_wire::api::controller_registration::{
    ControllerRegistrationRequest, ControllerRegistrationResponse,
};
use barnabas_wire::api::create_partitions::{CreatePartitionsRequest, CreatePartitionsResponse};
use barnabas_wire::api::create_topics::{CreateTopicsRequest, CreateTopicsResponse};
use barnabas_wire::api::delete_topics::{DeleteTopicsRequest, DeleteTopicsResponse};
use barnabas_wire::api::incremental_alter_configs::{
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
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
    /// A broker is alive, or wants to stop.
    BrokerHeartbeat(BrokerHeartbeatRequest),
    /// A broker process starts.
    BrokerRegistration(BrokerRegistrationRequest),
    /// A controller process starts.
    ControllerRegistration(ControllerRegistrationRequest),
    /// Adds partitions to topics.
    CreatePartitions(CreatePartitionsRequest),
    /// Creates topics.
    CreateTopics(CreateTopicsRequest),
    /// Deletes topics.
    DeleteTopics(DeleteTopicsRequest),
    /// Changes configs one by one.
    IncrementalAlterConfigs(IncrementalAlterConfigsRequest),
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
    /// To BrokerHeartbeat.
    BrokerHeartbeat(BrokerHeartbeatResponse),
    /// To BrokerRegistration.
    BrokerRegistration(BrokerRegistrationResponse),
    /// To ControllerRegistration.
    ControllerRegistration(ControllerRegistrationResponse),
    /// To CreatePartitions.
    CreatePartitions(CreatePartitionsResponse),
    /// To CreateTopics.
    CreateTopics(CreateTopicsResponse),
    /// To DeleteTopics.
    DeleteTopics(DeleteTopicsResponse),
    /// To IncrementalAlterConfigs.
    IncrementalAlterConfigs(IncrementalAlterConfigsResponse),
}
