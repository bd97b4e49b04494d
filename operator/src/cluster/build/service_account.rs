//! The identity of broker pods, which has no rights and whose token is not mounted.

use k8s_openapi::api::core::v1::ServiceAccount;

use super::super::validate::Cluster;

/// The ServiceAccount of a cluster's pods.
pub fn build(cluster: &Cluster) -> ServiceAccount {
    ServiceAccount {
        metadata: super::metadata(cluster, &name(cluster), None),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

/// Its name.
pub fn name(cluster: &Cluster) -> String {
    format!("{}-broker", cluster.name)
}
