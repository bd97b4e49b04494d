//! Raw spec in, typed cluster out. Nothing later reads the raw spec.

use std::collections::{BTreeMap, BTreeSet};

use barnabas_crds::KafkaCluster;
use barnabas_crds::cluster::{ImagePullPolicy, Listener, PodTemplate, Resources, Role, ZONE};
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
    /// A quorum of that many would not be better than a smaller one.
    #[error(
        "a cluster has 1, 3 or 5 controllers, the spec has {0}: correct the replicas of the pools \
         that have the role"
    )]
    Controllers(i32),
    /// Nobody would serve clients.
    #[error("a cluster needs brokers: give a node pool the role broker")]
    NoBrokers,
}

impl Invalid {
    /// The reason for programs.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Incomplete(_) => "InvalidResource",
            Self::Controllers(_) => "UnsupportedControllers",
            Self::NoBrokers => "NoBrokers",
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
    /// Whether the spec names it.
    pub image_given: bool,
    /// When it is pulled.
    pub image_pull_policy: &'static str,
    /// Credentials for it.
    pub image_pull_secrets: Vec<LocalObjectReference>,
    /// Client listeners.
    pub listeners: Vec<Listener>,
    /// Broker configs that the user set.
    pub config: BTreeMap<String, String>,
    /// Bytes per second of replicas that the operator moves.
    pub replication_throttle: Option<i64>,
    /// Label of Kubernetes nodes that names the rack of brokers on them.
    pub topology_key: String,
    /// Whether the quorum of controllers was made before.
    pub quorum_formed: bool,
    /// Ids of the controllers that are to be voters.
    pub voters: BTreeSet<i32>,
    /// Ids of the voters, as they were known last.
    pub known_voters: BTreeSet<i32>,
    /// How many pods a drain may take away at a time.
    pub disruptions: i32,
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
    /// Whether its nodes are brokers.
    pub broker: bool,
    /// Whether its nodes are controllers.
    pub controller: bool,
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
        self.pools.iter().filter(|pool| pool.broker).map(|pool| pool.replicas).sum()
    }

    /// Number of controllers.
    #[must_use]
    pub fn controllers(&self) -> i32 {
        self.pools.iter().filter(|pool| pool.controller).map(|pool| pool.replicas).sum()
    }

    /// Every node with its pool, by id.
    pub fn nodes(&self) -> impl Iterator<Item = (i32, &Pool)> {
        let mut all: Vec<(i32, &Pool)> =
            self.pools.iter().flat_map(|pool| pool.node_ids().map(move |id| (id, pool))).collect();
        all.sort_by_key(|(id, _)| *id);
        all.into_iter()
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
    let pools = spec.node_pools.iter().map(|pool| Pool {
        name: pool.name.clone(),
        full_name: format!("{name}-{}", pool.name),
        broker: pool.roles.contains(&Role::Broker),
        controller: pool.roles.contains(&Role::Controller),
        replicas: pool.replicas,
        first_node_id: pool.first_node_id,
        disk: pool.storage.size.clone(),
        class: pool.storage.class.clone(),
        delete_claim: pool.storage.delete_claim,
        resources: pool.resources.clone().unwrap_or_else(default_resources),
        rack: pool.rack.clone(),
        template: pool.template.clone().unwrap_or_default(),
    });
    let mut cluster = Cluster {
        namespace,
        owner,
        id: id.to_owned(),
        image_given: spec.image.is_some(),
        image: spec.image.clone().unwrap_or_else(|| defaults.broker_image.clone()),
        image_pull_policy: match spec.image_pull_policy {
            Some(ImagePullPolicy::Always) => "Always",
            Some(ImagePullPolicy::Never) => "Never",
            Some(ImagePullPolicy::IfNotPresent) | None => "IfNotPresent",
        },
        image_pull_secrets: spec.image_pull_secrets.clone(),
        listeners: spec.listeners.clone(),
        config: spec.config.iter().map(|(key, value)| (key.clone(), value.to_string())).collect(),
        replication_throttle: spec.replication_throttle,
        topology_key: spec.rack.as_ref().map_or(ZONE, |rack| &rack.topology_key).to_owned(),
        quorum_formed: raw.status.as_ref().is_some_and(|status| status.quorum_formed),
        voters: BTreeSet::new(),
        known_voters: known_voters(raw),
        disruptions: 1,
        pools: pools.collect(),
        name,
    };
    let controllers = cluster.nodes().filter(|(_, pool)| pool.controller);
    cluster.voters = controllers.map(|(id, _)| id).collect();
    // The CRD's rules say so at apply; an object that is older than they are may not keep to them.
    match (cluster.controllers(), cluster.brokers()) {
        (1 | 3 | 5, 1..) => Ok(cluster),
        (1 | 3 | 5, _) => Err(Invalid::NoBrokers),
        (controllers, _) => Err(Invalid::Controllers(controllers)),
    }
}

fn known_voters(raw: &KafkaCluster) -> BTreeSet<i32> {
    let quorum = raw.status.as_ref().and_then(|status| status.quorum.as_ref());
    quorum.into_iter().flat_map(|quorum| quorum.voters.iter().copied()).collect()
}

/// Enough for the scheduler to place a small broker; no limits, memory is bounded by configs.
fn default_resources() -> Resources {
    let requests = [("cpu", "100m"), ("memory", "128Mi")];
    let requests = requests.map(|(name, size)| (name.to_owned(), Quantity(size.to_owned())));
    Resources { requests: requests.into(), limits: BTreeMap::new() }
}
