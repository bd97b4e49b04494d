//! The requests that go to the active controller, each with its answer and whether that says
//! "not me".

use std::time::Duration;

use barnabas_controller::{Request, Response};
use barnabas_wire::ErrorCode;

use crate::peer::{PeerAddress, PeerError, Peers};

/// Sends a request in its wire form.
pub(super) async fn send(
    peers: &Peers,
    to: &PeerAddress,
    request: Request,
    limit: Duration,
) -> Result<Response, PeerError> {
    macro_rules! call {
        ($($api:ident)*) => {
            match request {
                $(Request::$api(request) => {
                    peers.call(to, request, limit).await.map(Response::$api)
                })*
                // The observation of a controller about its own cluster: for itself only.
                Request::BrokerUnreachable { .. } => Ok(Response::BrokerUnreachable(false)),
            }
        };
    }
    call! {
        AllocateProducerIds AlterConfigs AlterPartition AlterPartitionReassignments
        AssignReplicasToDirs BrokerHeartbeat BrokerRegistration ControllerRegistration
        CreatePartitions CreateTopics DeleteTopics ElectLeaders IncrementalAlterConfigs
        ListPartitionReassignments UnregisterBroker UpdateFeatures
    }
}

/// Whether the answer is that of a node that is not the active controller.
pub(super) fn is_refusal(response: &Response) -> bool {
    let refusal = |code: ErrorCode| code == ErrorCode::NOT_CONTROLLER;
    match response {
        Response::AllocateProducerIds(response) => refusal(response.error_code),
        Response::AlterConfigs(response) => {
            response.responses.iter().any(|resource| refusal(resource.error_code))
        }
        // Of a partition it means that the controller knows less than the asking leader.
        Response::AlterPartition(response) => refusal(response.error_code),
        Response::AlterPartitionReassignments(response) => refusal(response.error_code),
        Response::AssignReplicasToDirs(response) => refusal(response.error_code),
        Response::ElectLeaders(response) => refusal(response.error_code),
        Response::ListPartitionReassignments(response) => refusal(response.error_code),
        Response::UnregisterBroker(response) => refusal(response.error_code),
        Response::UpdateFeatures(response) => refusal(response.error_code),
        Response::BrokerUnreachable(_) => false,
        Response::BrokerHeartbeat(response) => refusal(response.error_code),
        Response::BrokerRegistration(response) => refusal(response.error_code),
        Response::ControllerRegistration(response) => refusal(response.error_code),
        Response::CreatePartitions(response) => {
            response.results.iter().any(|topic| refusal(topic.error_code))
        }
        Response::CreateTopics(response) => {
            response.topics.iter().any(|topic| refusal(topic.error_code))
        }
        Response::DeleteTopics(response) => {
            response.responses.iter().any(|topic| refusal(topic.error_code))
        }
        Response::IncrementalAlterConfigs(response) => {
            response.responses.iter().any(|resource| refusal(resource.error_code))
        }
    }
}

/// Whether clients look for the effect of the request on the broker that they sent it to.
pub(super) fn effect_is_seen(request: &Request) -> bool {
    !matches!(
        request,
        Request::AllocateProducerIds(_)
            | Request::AlterPartition(_)
            | Request::AssignReplicasToDirs(_)
            | Request::ListPartitionReassignments(_)
            | Request::BrokerHeartbeat(_)
            | Request::BrokerRegistration(_)
            | Request::ControllerRegistration(_)
    )
}
