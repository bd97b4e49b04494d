//! The Service whose address clients start from: any broker that is ready.

use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use super::super::validate::Cluster;
use super::{headless_service, labels};

/// The bootstrap Service.
pub fn build(cluster: &Cluster) -> Service {
    let ports = cluster.listeners.iter().map(|listener| (listener.name.clone(), listener.port));
    Service {
        metadata: super::metadata(cluster, &cluster.bootstrap_service(), None),
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            selector: Some(labels::brokers(cluster)),
            ports: Some(ports.map(headless_service::port).collect()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}
