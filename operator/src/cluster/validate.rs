//! Raw spec in, typed cluster out. Nothing later reads the raw spec.

use std::collections::BTreeMap;

use barnabas_crds::KafkaCluster;
use barnabas_crds::cluster::{ImagePullPolicy, Listener, PodTemplate, Resources};
use k8s_openapi::api::core::v1::LocalObjectReference;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Resource;

/// What cannot be run, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// The resource did not come from an API server.
    #[error("the resource has no {0}")]
    Incomplete(&'static str),
    /// This version cannot run that many.
    #[error("this version runs one broker, the spec has {0}: keep one node pool with replicas: 1")]
    Brokers(i32),
}

impl Invalid {
    /// The reason for programs.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Incomplete(_) => "InvalidResource",
            Self::Brokers(_) => "UnsupportedSize",
        }
    }
}

/// What the operator was told when it started.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Image of brokers whose spec names none.
    pub broker_image: String,
}

/// A cluster that can be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Name of the resource.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The reference that makes children go when the resource goes.
    pub owner: OwnerReference,
    /// Kafka's cluster id.
    pub id: String,
    /// Image of the brokers.
    pub image: String,
    /// When it is pulled.
    pub image_pull_policy: &'static str,
    /// Credentials for it.
    pub image_pull_secrets: Vec<LocalObjectReference>,
    /// Client listeners.
    pub listeners: Vec<Listener>,
    /// Broker configs that the user set.
    pub config: BTreeMap<String, String>,
    /// Node pools.
    pub pools: Vec<Pool>,
}

/// A node pool that can be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Name of the pool.
    pub name: String,
    /// Name of its StatefulSet and ConfigMap.
    pub full_name: String,
    /// Number of nodes.
    pub replicas: i32,
    /// Node id of the first.
    pub first_node_id: i32,
    /// Size of each disk.
    pub disk: Quantity,
    /// Storage class of each disk.
    pub class: Option<String>,
    /// Whether disks go with the resource.
    pub delete_claim: bool,
    /// Resources of each container.
    pub resources: Resources,
    /// Rack of the nodes.
    pub rack: Option<String>,
    /// What the user adds to the pods.
    pub template: PodTemplate,
}

impl Pool {
    /// Ids of the pool's nodes, which are the ordinals of its pods.
    pub fn node_ids(&self) -> impl Iterator<Item = i32> + use<> {
        self.first_node_id..self.first_node_id + self.replicas
    }

    /// Name of a node's pod.
    #[must_use]
    pub fn pod(&self, node_id: i32) -> String {
        format!("{}-{node_id}", self.full_name)
    }

    /// Name of a node's PersistentVolumeClaim.
    #[must_use]
    pub fn claim(&self, node_id: i32) -> String {
        format!("data-{}", self.pod(node_id))
    }
}

impl Cluster {
    /// Name of the Service that gives each pod its DNS name.
    #[must_use]
    pub fn headless_service(&self) -> String {
        format!("{}-brokers", self.name)
    }

    /// Name of the Service that clients start from.
    #[must_use]
    pub fn bootstrap_service(&self) -> String {
        format!("{}-bootstrap", self.name)
    }

    /// Number of brokers.
    #[must_use]
    pub fn brokers(&self) -> i32 {
        self.pools.iter().map(|pool| pool.replicas).sum()
    }
}

/// Checks a cluster and fills in what its spec leaves out.
///
/// # Errors
/// The spec cannot be run by this version.
pub fn validate(raw: &KafkaCluster, id: &str, defaults: &Defaults) -> Result<Cluster, Invalid> {
    let name = raw.metadata.name.clone().ok_or(Invalid::Incomplete("name"))?;
    let namespace = raw.metadata.namespace.clone().ok_or(Invalid::Incomplete("namespace"))?;
    let owner = raw.controller_owner_ref(&()).ok_or(Invalid::Incomplete("uid"))?;
    let spec = &raw.spec;
    let brokers = spec.node_pools.iter().map(|pool| pool.replicas).sum();
    if brokers != 1 {
        return Err(Invalid::Brokers(brokers));
    }
    let pools = spec.node_pools.iter().map(|pool| Pool {
        name: pool.name.clone(),
        full_name: format!("{name}-{}", pool.name),
        replicas: pool.replicas,
        first_node_id: pool.first_node_id,
        disk: pool.storage.size.clone(),
        class: pool.storage.class.clone(),
        delete_claim: pool.storage.delete_claim,
        resources: pool.resources.clone().unwrap_or_else(default_resources),
        rack: pool.rack.clone(),
        template: pool.template.clone().unwrap_or_default(),
    });
    Ok(Cluster {
        namespace,
        owner,
        id: id.to_owned(),
        image: spec.image.clone().unwrap_or_else(|| defaults.broker_image.clone()),
        image_pull_policy: match spec.image_pull_policy {
            Some(ImagePullPolicy::Always) => "Always",
            Some(ImagePullPolicy::Never) => "Never",
            Some(ImagePullPolicy::IfNotPresent) | None => "IfNotPresent",
        },
        image_pull_secrets: spec.image_pull_secrets.clone(),
        listeners: spec.listeners.clone(),
        config: spec.config.iter().map(|(key, value)| (key.clone(), value.to_string())).collect(),
        pools: pools.collect(),
        name,
    })
}

/// Enough for the scheduler to place a small broker; no limits, memory is bounded by configs.
fn default_resources() -> Resources {
    let requests = [("cpu", "100m"), ("memory", "128Mi")];
    let requests = requests.map(|(name, size)| (name.to_owned(), Quantity(size.to_owned())));
    Resources { requests: requests.into(), limits: BTreeMap::new() }
}
