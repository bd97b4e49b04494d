//! Reads what a cluster has in Kubernetes. Only here, and nothing is decided here.

use std::collections::{BTreeMap, BTreeSet};

use barnabas_crds::KafkaCluster;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{Node, PersistentVolumeClaim, Pod};
use kube::api::{Api, DynamicObject, ListParams};
use kube::{Client, ResourceExt};
use serde_json::Value;

use super::build::{CLUSTER_ID, RACK, Rendered, labels};
use super::nodes;
use super::roll::Phase;

/// Objects and pods of a cluster as the API server has them.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The objects that the operator applies, by kind and name.
    pub objects: BTreeMap<(String, String), Value>,
    /// The pools' StatefulSets by name.
    pub stateful_sets: BTreeMap<String, StatefulSet>,
    /// Broker pods by name.
    pub pods: BTreeMap<String, Pod>,
    /// Disks by name.
    pub claims: BTreeMap<String, PersistentVolumeClaim>,
    /// Racks of the Kubernetes nodes whose pods do not know theirs, where they can be read.
    pub racks: BTreeMap<String, Option<String>>,
}

impl Observed {
    /// The object that a rendered one stands for.
    #[must_use]
    pub fn object(&self, rendered: &Rendered) -> Option<&Value> {
        self.objects.get(&(rendered.api.kind.clone(), rendered.name.clone()))
    }

    /// Replicas of a StatefulSet.
    #[must_use]
    pub fn replicas(&self, stateful_set: &str) -> Option<i32> {
        self.stateful_sets.get(stateful_set)?.spec.as_ref()?.replicas
    }

    /// Whether the cluster can be asked something: by a broker, which asks the controllers.
    #[must_use]
    pub fn serves(&self) -> bool {
        let any_ready = |role: &str| {
            let pods = self.pods.values();
            let mut pods =
                pods.filter(|pod| pod.labels().get(role).is_none_or(|has| has == "true"));
            pods.any(|pod| nodes::phase(pod) == Phase::Ready)
        };
        any_ready(labels::BROKER) && any_ready(labels::CONTROLLER)
    }

    /// What the PodDisruptionBudget allows at the moment.
    #[must_use]
    pub fn disruptions(&self) -> Option<i32> {
        let budget = self.objects.iter().find(|((kind, _), _)| kind == "PodDisruptionBudget")?.1;
        i32::try_from(budget["spec"]["maxUnavailable"].as_i64()?).ok()
    }
}

/// The id of the cluster whose data the disks of this name hold, if there are any: they outlive
/// the resource.
///
/// # Errors
/// The API server did not answer.
pub async fn id_on_disks(client: &Client, cluster: &KafkaCluster) -> kube::Result<Option<String>> {
    let claims = claims(client, cluster).await?;
    let mut ids = claims.values().filter_map(|claim| claim.annotations().get(CLUSTER_ID).cloned());
    Ok(ids.next())
}

/// Reads everything that the plan needs.
///
/// # Errors
/// The API server did not answer.
pub async fn dereference(
    client: &Client,
    cluster: &KafkaCluster,
    topology_key: &str,
    wanted: &[Rendered],
) -> kube::Result<Observed> {
    let namespace = cluster.namespace().unwrap_or_default();
    let mut observed = Observed { claims: claims(client, cluster).await?, ..Observed::default() };
    for rendered in wanted {
        let api: Api<DynamicObject> =
            Api::namespaced_with(client.clone(), &namespace, &rendered.api);
        let Some(object) = api.get_opt(&rendered.name).await? else { continue };
        let value = serde_json::to_value(&object).map_err(kube::Error::SerdeError)?;
        if rendered.api.kind == "StatefulSet" {
            let set = serde_json::from_value(value.clone()).map_err(kube::Error::SerdeError)?;
            observed.stateful_sets.insert(rendered.name.clone(), set);
        }
        observed.objects.insert((rendered.api.kind.clone(), rendered.name.clone()), value);
    }
    let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    let pods = pods.list(&of(cluster)).await?;
    observed.pods = pods.items.into_iter().map(|pod| (pod.name_any(), pod)).collect();
    observed.racks = racks(client, topology_key, observed.pods.values()).await?;
    Ok(observed)
}

async fn racks(
    client: &Client,
    topology_key: &str,
    pods: impl Iterator<Item = &Pod>,
) -> kube::Result<BTreeMap<String, Option<String>>> {
    let api: Api<Node> = Api::all(client.clone());
    let waiting = pods.filter(|pod| !pod.annotations().contains_key(RACK));
    let nodes = waiting.filter_map(|pod| pod.spec.as_ref()?.node_name.clone());
    let mut racks = BTreeMap::new();
    for node in nodes.collect::<BTreeSet<_>>() {
        let rack = match api.get_metadata_opt(&node).await {
            Ok(found) => found.and_then(|node| node.labels().get(topology_key).cloned()),
            // An operator for some namespaces only has no right to see nodes.
            Err(kube::Error::Api(status)) if status.code == 403 => None,
            Err(error) => return Err(error),
        };
        racks.insert(node, rack);
    }
    Ok(racks)
}

async fn claims(
    client: &Client,
    cluster: &KafkaCluster,
) -> kube::Result<BTreeMap<String, PersistentVolumeClaim>> {
    let namespace = cluster.namespace().unwrap_or_default();
    let api: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), &namespace);
    let list = api.list(&of(cluster)).await?;
    Ok(list.items.into_iter().map(|claim| (claim.name_any(), claim)).collect())
}

fn of(cluster: &KafkaCluster) -> ListParams {
    ListParams::default().labels(&format!("{}={}", labels::CLUSTER, cluster.name_any()))
}
