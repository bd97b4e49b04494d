//! What wakes the controller of `KafkaCluster`.

use std::sync::Arc;
use std::time::Duration;

use barnabas_crds::KafkaCluster;
use futures::StreamExt;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::Api;
use kube::core::NamespaceResourceScope;
use kube::runtime::controller::{Action as Next, Config};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, watcher};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use super::build::labels;
use super::{Context, Error, reconcile};

/// Events that come together make one pass.
const DEBOUNCE: Duration = Duration::from_millis(20);
/// Clusters that are looked at at the same time.
const CONCURRENCY: u16 = 8;
/// How long after a failure a pass is repeated.
const RETRY: Duration = Duration::from_secs(2);

/// Reconciles the clusters of a namespace, or of all, until `stop` is done.
pub fn run(
    context: Arc<Context>,
    namespace: Option<&str>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) -> impl Future<Output = ()> {
    let client = &context.client;
    let ours = watcher::Config::default().labels(labels::MANAGED).page_size(100);
    Controller::new(api::<KafkaCluster>(client, namespace), watcher::Config::default())
        .owns(api::<StatefulSet>(client, namespace), ours.clone())
        .owns(api::<ConfigMap>(client, namespace), ours.clone())
        .owns(api::<Service>(client, namespace), ours.clone())
        .owns(api::<ServiceAccount>(client, namespace), ours.clone())
        .owns(api::<NetworkPolicy>(client, namespace), ours.clone())
        .owns(api::<PodDisruptionBudget>(client, namespace), ours.clone())
        .watches(api::<Pod>(client, namespace), ours.clone(), |pod| of_cluster(&pod))
        .watches(api::<PersistentVolumeClaim>(client, namespace), ours, |claim| of_cluster(&claim))
        .with_config(Config::default().debounce(DEBOUNCE).concurrency(CONCURRENCY))
        .graceful_shutdown_on(stop)
        .run(timed, retry, context)
        .for_each(|_| std::future::ready(()))
}

/// An API in a namespace, or in all.
pub fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + DeserializeOwned,
{
    namespace.map_or_else(
        || Api::all(client.clone()),
        |namespace| Api::namespaced(client.clone(), namespace),
    )
}

fn of_cluster<K: Resource>(object: &K) -> Option<ObjectRef<KafkaCluster>> {
    let name = object.labels().get(labels::CLUSTER)?;
    Some(ObjectRef::new(name).within(&object.namespace()?))
}

async fn timed(cluster: Arc<KafkaCluster>, context: Arc<Context>) -> Result<Next, Error> {
    let timer = context.metrics.cluster_pass.start_timer();
    let result = reconcile(cluster, Arc::clone(&context)).await;
    timer.observe_duration();
    result
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is kube's")]
fn retry(cluster: Arc<KafkaCluster>, error: &Error, context: Arc<Context>) -> Next {
    context.metrics.failures.with_label_values(&["KafkaCluster"]).inc();
    tracing::warn!(cluster = cluster.name_any(), %error, "reconciling failed, trying again");
    Next::requeue(RETRY)
}
