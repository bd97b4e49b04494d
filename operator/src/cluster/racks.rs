//! The racks of brokers: pure.
//!
//! A broker may not ask Kubernetes where it runs. The operator writes the zone of the pod's node on
//! the pod as soon as it is scheduled, and the broker waits for that before it registers.

use kube::ResourceExt;

use super::build::RACK;
use super::dereference::Observed;
use super::plan::Action;
use super::validate::Cluster;

/// Racks that pods wait for.
#[must_use]
pub fn missing(cluster: &Cluster, observed: &Observed) -> Vec<Action> {
    let waiting = cluster.nodes().filter(|(_, pool)| pool.broker && pool.rack.is_none());
    let rack = |pod: &k8s_openapi::api::core::v1::Pod| {
        if pod.annotations().contains_key(RACK) || pod.metadata.deletion_timestamp.is_some() {
            return None;
        }
        let node = pod.spec.as_ref()?.node_name.as_ref()?;
        let rack = observed.racks.get(node)?.clone();
        // Kubernetes may have copied the label by itself, which needs no rights on nodes.
        let rack = rack.or_else(|| pod.labels().get(&cluster.topology_key).cloned());
        Some(Action::SetRack {
            pod: pod.name_any(),
            uid: pod.uid().unwrap_or_default(),
            rack: rack.unwrap_or_default(),
        })
    };
    waiting.filter_map(|(id, pool)| rack(observed.pods.get(&pool.pod(id))?)).collect()
}

/// Takes racks that were written on pods for known.
pub fn written(observed: &mut Observed, actions: &[Action]) {
    for action in actions {
        if let Action::SetRack { pod, rack, .. } = action
            && let Some(pod) = observed.pods.get_mut(pod)
        {
            pod.annotations_mut().insert(RACK.to_owned(), rack.clone());
        }
    }
}
