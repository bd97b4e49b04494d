//! The Service that gives each broker pod a DNS name.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::validate::Cluster;
use super::{CONTROLLER_PORT, HTTP_PORT, REPLICATION_PORT, labels};

/// The headless Service. It names pods that are not ready too: brokers find each other while they
/// start.
pub fn build(cluster: &Cluster) -> Service {
    let own = [
        ("http".to_owned(), HTTP_PORT),
        ("controller".to_owned(), CONTROLLER_PORT),
        ("replication".to_owned(), REPLICATION_PORT),
    ];
    let clients = cluster.listeners.iter().map(|listener| (listener.name.clone(), listener.port));
    Service {
        metadata: super::metadata(cluster, &cluster.headless_service(), None),
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".to_owned()),
            publish_not_ready_addresses: Some(true),
            selector: Some(labels::selected(cluster, None)),
            ports: Some(own.into_iter().chain(clients).map(port).collect()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// A port of a Service that leads to the same port of a pod.
pub(super) fn port((name, port): (String, i32)) -> ServicePort {
    ServicePort {
        name: Some(name),
        port,
        target_port: Some(IntOrString::Int(port)),
        protocol: Some("TCP".to_owned()),
        ..ServicePort::default()
    }
}
