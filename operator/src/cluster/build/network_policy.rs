//! Who may connect to brokers: anybody to the clients' listeners, the cluster itself and the
//! operator to the others.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::validate::Cluster;
use super::{CONTROLLER_PORT, HTTP_PORT, REPLICATION_PORT, labels};

/// The NetworkPolicy of a cluster's pods.
pub fn build(cluster: &Cluster) -> NetworkPolicy {
    let brokers = NetworkPolicyPeer {
        pod_selector: Some(labels::selector(cluster, None)),
        ..NetworkPolicyPeer::default()
    };
    let clients: Vec<i32> = cluster.listeners.iter().map(|listener| listener.port).collect();
    NetworkPolicy {
        metadata: super::metadata(cluster, &cluster.name, None),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labels::selector(cluster, None)),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ingress: Some(vec![
                rule(&clients, None),
                rule(&[HTTP_PORT], Some(vec![any_pod()])),
                rule(&[REPLICATION_PORT], Some(vec![brokers.clone(), operator()])),
                rule(&[CONTROLLER_PORT], Some(vec![brokers])),
            ]),
            ..NetworkPolicySpec::default()
        }),
    }
}

fn rule(ports: &[i32], from: Option<Vec<NetworkPolicyPeer>>) -> NetworkPolicyIngressRule {
    let port = |port: &i32| NetworkPolicyPort {
        port: Some(IntOrString::Int(*port)),
        protocol: Some("TCP".to_owned()),
        end_port: None,
    };
    NetworkPolicyIngressRule { from, ports: Some(ports.iter().map(port).collect()) }
}

fn any_pod() -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector::default()),
        ..NetworkPolicyPeer::default()
    }
}

/// The operator's pods, in whatever namespace they run.
fn operator() -> NetworkPolicyPeer {
    let name = ("app.kubernetes.io/name".to_owned(), "barnabas-operator".to_owned());
    NetworkPolicyPeer {
        pod_selector: Some(LabelSelector {
            match_labels: Some(BTreeMap::from([name])),
            ..LabelSelector::default()
        }),
        ..any_pod()
    }
}
