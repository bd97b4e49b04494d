//! DescribeCluster: brokers of the cluster as the connection's listener sees them (KIP-700).

use std::sync::Arc;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};

use super::RequestContext;
use super::metadata::{any_controller, endpoint};
use crate::access::Resource;
use crate::node::Node;

/// `EndpointType`: brokers, and controllers (KIP-919).
const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: DescribeClusterRequest,
) -> DescribeClusterResponse {
    let cluster_id = node.identity.cluster_id.to_string();
    if request.endpoint_type != BROKERS {
        let error_code = if request.endpoint_type == CONTROLLERS {
            ErrorCode::MISMATCHED_ENDPOINT_TYPE
        } else {
            ErrorCode::UNSUPPORTED_ENDPOINT_TYPE
        };
        return DescribeClusterResponse {
            error_code,
            error_message: Some("This listener knows brokers only.".to_owned()),
            endpoint_type: request.endpoint_type,
            cluster_id,
            ..DescribeClusterResponse::default()
        };
    }
    let image = node.image.load();
    let listed = image.cluster.brokers().filter(|b| request.include_fenced_brokers || !b.fenced);
    let brokers = listed.filter_map(|broker| {
        let (host, port) = endpoint(broker, &ctx.connection.listener)?;
        Some(DescribeClusterBroker {
            broker_id: broker.id,
            host: host.to_owned(),
            port,
            rack: broker.rack.clone(),
            is_fenced: broker.fenced,
        })
    });
    let mut response = DescribeClusterResponse {
        brokers: brokers.collect(),
        cluster_id,
        controller_id: any_controller(node, &image),
        ..DescribeClusterResponse::default()
    };
    if request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = ctx.authorized_operations(node, Resource::Cluster);
    }
    response
}
