//! What the requests between members of the metadata quorum have in common.

use barnabas_quorum::{Endpoint, Leadership, NodeId, ReplicaKey, Request, Response};
use barnabas_wire::{ErrorCode, Uuid};

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;
pub(super) use crate::raft::{METADATA_TOPIC as TOPIC, only};

/// Endpoints of the leader are told from this version on, of every API but Fetch.
const WITH_ENDPOINTS: i16 = 1;

/// The only partition of a request, if that is the metadata log's.
macro_rules! metadata_partition {
    ($topics:expr) => {{
        let topic = $crate::api::quorum_peer::only($topics)
            .filter(|topic| topic.topic_name == $crate::api::quorum_peer::TOPIC);
        let partition = topic.and_then(|topic| $crate::api::quorum_peer::only(topic.partitions));
        partition.filter(|partition| partition.partition_index == 0)
    }};
}
pub(super) use metadata_partition;

/// Hands a request to the quorum. `own` takes the answer out of what may be others', with its
/// error: that of another cluster concerns the request as a whole.
pub(super) async fn ask<A>(
    node: &Node,
    ctx: &RequestContext,
    request: Request,
    own: impl FnOnce(Response) -> Option<(ErrorCode, A)>,
) -> Result<A, ErrorCode> {
    if !ctx.allows(node, Operation::ClusterAction, Resource::Cluster) {
        return Err(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    }
    let controller = node.controller.get().ok_or(ErrorCode::BROKER_NOT_AVAILABLE)?;
    let answer = controller.peer(request).await.map_err(|_| ErrorCode::BROKER_NOT_AVAILABLE)?;
    match own(answer) {
        Some((code @ ErrorCode::INCONSISTENT_CLUSTER_ID, _)) => Err(code),
        Some((_, answer)) => Ok(answer),
        None => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
    }
}

/// Endpoints, given by listener, host and port.
pub(super) fn endpoints(given: impl Iterator<Item = (String, String, u16)>) -> Vec<Endpoint> {
    given.map(|(listener, host, port)| Endpoint { listener, host, port }).collect()
}

/// Where the leader is, in an API's own form, if the client knows that it is told.
pub(super) fn node_endpoints<E>(
    ctx: &RequestContext,
    leadership: &Leadership,
    form: impl FnOnce(i32, String, u16) -> E,
) -> Vec<E> {
    let leader = leader_endpoint(leadership, ctx.version >= WITH_ENDPOINTS);
    leader.map(|(id, at)| form(id, at.host.clone(), at.port)).into_iter().collect()
}

/// A replica; the zero directory is none (before KIP-853).
pub(super) fn replica(id: i32, directory: Uuid) -> ReplicaKey {
    ReplicaKey { id: NodeId(id), directory: (!directory.is_zero()).then_some(directory) }
}

/// The leader's id, -1 for none.
pub(super) fn leader_id(leadership: &Leadership) -> i32 {
    leadership.leader.map_or(-1, |leader| leader.0)
}

/// Where the leader is, from the version on that tells it.
pub(super) fn leader_endpoint(leadership: &Leadership, told: bool) -> Option<(i32, &Endpoint)> {
    let endpoint = leadership.endpoint.as_ref().filter(|_| told)?;
    Some((leadership.leader?.0, endpoint))
}
