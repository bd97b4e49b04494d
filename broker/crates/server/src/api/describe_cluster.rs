//! DescribeCluster: the nodes of the cluster as the connection's listener sees them (KIP-700,
//! KIP-919).

use std::sync::Arc;

use barnabas_metadata::Image;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};

use super::RequestContext;
use super::metadata::{any_controller, endpoint};
use crate::access::Resource;
use crate::net::ListenerRole;
use crate::node::Node;

/// `EndpointType`: brokers, and controllers (KIP-919).
const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

/// Serves the API. Each kind of listener knows its own kind of nodes.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: DescribeClusterRequest,
) -> DescribeClusterResponse {
    let (own, what) = match ctx.connection.role {
        ListenerRole::Broker => (BROKERS, "brokers"),
        ListenerRole::Controller => (CONTROLLERS, "controllers"),
    };
    let cluster_id = node.identity.cluster_id.to_string();
    if request.endpoint_type != own {
        let error_code = match request.endpoint_type {
            BROKERS | CONTROLLERS => ErrorCode::MISMATCHED_ENDPOINT_TYPE,
            _ => ErrorCode::UNSUPPORTED_ENDPOINT_TYPE,
        };
        return DescribeClusterResponse {
            error_code,
            error_message: Some(format!("This listener knows {what} only.")),
            endpoint_type: request.endpoint_type,
            cluster_id,
            ..DescribeClusterResponse::default()
        };
    }
    let image = node.image.load();
    let (controller_id, brokers) = if own == CONTROLLERS {
        let link = node.controller.get();
        let leader = link.and_then(|link| link.quorum_state().leader);
        (leader.unwrap_or(-1), controllers(&image, &ctx.connection.listener))
    } else {
        let fenced = request.include_fenced_brokers;
        (any_controller(node, &image), brokers(&image, &ctx.connection.listener, fenced))
    };
    let mut response = DescribeClusterResponse {
        brokers,
        cluster_id,
        controller_id,
        endpoint_type: own,
        ..DescribeClusterResponse::default()
    };
    if request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = ctx.authorized_operations(node, Resource::Cluster);
    }
    response
}

fn brokers(image: &Image, listener: &str, fenced: bool) -> Vec<DescribeClusterBroker> {
    let listed = image.cluster.brokers().filter(|broker| fenced || !broker.fenced);
    let described = listed.filter_map(|broker| {
        let (host, port) = endpoint(broker, listener)?;
        Some(DescribeClusterBroker {
            broker_id: broker.id,
            host: host.to_owned(),
            port,
            rack: broker.rack.clone(),
            is_fenced: broker.fenced,
        })
    });
    described.collect()
}

/// Those that have registered with an address on the listener.
fn controllers(image: &Image, listener: &str) -> Vec<DescribeClusterBroker> {
    let described = image.cluster.controllers().filter_map(|controller| {
        let registration = &controller.registration;
        let endpoint = registration.end_points.iter().find(|end| end.name == listener)?;
        Some(DescribeClusterBroker {
            broker_id: registration.controller_id,
            host: endpoint.host.clone(),
            port: i32::from(endpoint.port),
            ..DescribeClusterBroker::default()
        })
    });
    described.collect()
}
