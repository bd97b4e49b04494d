//! How many brokers a drain may take away at a time.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::validate::Cluster;
use super::labels;

/// One node at a time may go, and none while replicas are missing; with a single broker this lets
/// nodes be drained. The operator's own restarts are not evictions: they have gates of their own.
pub fn build(cluster: &Cluster) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: super::metadata(cluster, &cluster.name, None),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(cluster.disruptions)),
            selector: Some(labels::selector(cluster, None)),
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    }
}
