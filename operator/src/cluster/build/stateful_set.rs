//! The StatefulSet of a node pool: it keeps names, disks and crashed pods; the operator decides
//! when a pod is replaced by a newer one.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{
    StatefulSet, StatefulSetOrdinals, StatefulSetPersistentVolumeClaimRetentionPolicy,
    StatefulSetSpec, StatefulSetUpdateStrategy,
};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::validate::{Cluster, Pool};
use super::{CLUSTER_ID, labels, pod};

/// The StatefulSet of a pool. The ordinal of a pod is the id of its node.
pub fn build(cluster: &Cluster, pool: &Pool) -> StatefulSet {
    let when_deleted = if pool.delete_claim { "Delete" } else { "Retain" };
    StatefulSet {
        metadata: super::metadata(cluster, &pool.full_name, Some(pool)),
        spec: Some(StatefulSetSpec {
            service_name: Some(cluster.headless_service()),
            replicas: Some(pool.replicas),
            ordinals: Some(StatefulSetOrdinals { start: Some(pool.first_node_id) }),
            pod_management_policy: Some("Parallel".to_owned()),
            update_strategy: Some(StatefulSetUpdateStrategy {
                type_: Some("OnDelete".to_owned()),
                rolling_update: None,
            }),
            persistent_volume_claim_retention_policy: Some(
                StatefulSetPersistentVolumeClaimRetentionPolicy {
                    when_deleted: Some(when_deleted.to_owned()),
                    when_scaled: Some("Retain".to_owned()),
                },
            ),
            revision_history_limit: Some(3),
            selector: labels::selector(cluster, Some(pool)),
            template: pod::template(cluster, pool),
            volume_claim_templates: Some(vec![claim(cluster, pool)]),
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    }
}

/// The disk remembers whose data it holds, so that a cluster made again under the same name goes
/// on with it.
fn claim(cluster: &Cluster, pool: &Pool) -> PersistentVolumeClaim {
    let size = BTreeMap::from([("storage".to_owned(), pool.disk.clone())]);
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(pod::DATA_VOLUME.to_owned()),
            labels: Some(labels::all(cluster, Some(pool))),
            annotations: Some(BTreeMap::from([(CLUSTER_ID.to_owned(), cluster.id.clone())])),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: pool.class.clone(),
            resources: Some(VolumeResourceRequirements { requests: Some(size), limits: None }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}
