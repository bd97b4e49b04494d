//! Observed and desired objects in, ordered actions out: pure. Which pod is restarted, and when, is
//! decided by [`roll`](super::roll).
//!
//! What destroys something (a pod, a StatefulSet without its pods) is an action of its own, and
//! comes only from what was observed.

use barnabas_wire::Uuid;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt;
use serde_json::Value;

use super::build::pod::{ASKED, CONFIG};
use super::build::{APPLIED, Rendered};
use super::dereference::Observed;
use super::quantity;
use super::validate::{Cluster, Pool};
use crate::kafka::{Assignment, ConfigChange};

/// One step towards the spec.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Creates or changes an object.
    Apply(Rendered),
    /// Asks for a larger disk.
    GrowClaim {
        /// Name of the claim.
        name: String,
        /// Its new size.
        size: Quantity,
    },
    /// Writes on a disk that its node is a voter.
    MarkClaim {
        /// Name of the claim.
        name: String,
    },
    /// Deletes a StatefulSet but not its pods: its claim templates cannot be changed.
    Replace {
        /// Name of the StatefulSet.
        name: String,
        /// Which one, so that a newer one is left alone.
        uid: String,
    },
    /// Deletes a pod that runs an old spec; its StatefulSet makes a new one.
    Restart {
        /// Name of the pod.
        pod: String,
        /// Which one, so that a newer one is left alone.
        uid: String,
        /// Why, for people.
        why: &'static str,
        /// Partitions that nobody can produce to with `acks=all` until it is back.
        exposed: usize,
    },
    /// Writes the rack of the Kubernetes node that a pod runs on on the pod.
    SetRack {
        /// Name of the pod.
        pod: String,
        /// Which one, so that a newer one is left alone.
        uid: String,
        /// The rack; empty if the node has none.
        rack: String,
    },
    /// Gives partitions back to the brokers that are to lead them.
    Elect(Vec<(String, i32)>),
    /// Sets configs for all brokers, without a restart.
    SetDefaults(ConfigChange),
    /// Gives partitions of the topic of committed offsets more replicas.
    Replicate(Assignment),
    /// Takes a controller out of the quorum.
    RemoveVoter {
        /// Its node.
        id: i32,
        /// Its disk.
        directory: Uuid,
    },
    /// Lets the controllers forget a broker that is gone for good.
    Unregister(i32),
}

impl Action {
    /// What is done, for people.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Apply(rendered) => format!("applied {}", rendered.title()),
            Self::GrowClaim { name, size } => format!("asked for {} of disk {name}", size.0),
            Self::MarkClaim { name } => format!("marked disk {name} as that of a voter"),
            Self::Replace { name, .. } => format!("replacing StatefulSet {name}"),
            Self::Restart { pod, why, exposed: 0, .. } => format!("restarting {pod}: {why}"),
            Self::Restart { pod, why, exposed, .. } => format!(
                "restarting {pod}: {why}; {exposed} partitions have no replica to spare and \
                 cannot be produced to until it is back"
            ),
            Self::SetRack { pod, rack, .. } if rack.is_empty() => {
                format!("the node of {pod} has no rack")
            }
            Self::SetRack { pod, rack, .. } => format!("told {pod} its rack {rack}"),
            Self::Elect(partitions) => {
                format!("gave {} partitions back to their preferred leaders", partitions.len())
            }
            Self::SetDefaults(change) => {
                let one = |(name, value): (&String, &Option<String>)| match value {
                    Some(value) => format!("set {name}={value} for all brokers"),
                    None => format!("left {name} to its default for all brokers"),
                };
                change.iter().map(one).collect::<Vec<_>>().join(", ")
            }
            Self::Replicate(partitions) => {
                format!("gave {} partitions of committed offsets more replicas", partitions.len())
            }
            Self::RemoveVoter { id, .. } => format!("took controller {id} out of the quorum"),
            Self::Unregister(id) => format!("let the controllers forget broker {id}"),
        }
    }
}

/// What is in the way of a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// An object of the same name belongs to somebody else.
    #[error("{0} exists and belongs to somebody else: delete it, or rename the cluster or pool")]
    Foreign(String),
}

/// The steps from what is to what should be.
///
/// # Errors
/// Something that is not ours is in the way.
pub fn plan(
    cluster: &Cluster,
    wanted: &[Rendered],
    observed: &Observed,
) -> Result<Vec<Action>, Conflict> {
    let mut actions = Vec::new();
    for rendered in wanted {
        let Some(live) = observed.object(rendered) else {
            actions.push(Action::Apply(rendered.clone()));
            continue;
        };
        if !belongs(cluster, live) {
            return Err(Conflict::Foreign(rendered.title()));
        }
        if !live["metadata"]["deletionTimestamp"].is_null() {
            continue;
        }
        match observed.stateful_sets.get(&rendered.name) {
            Some(set) if rendered.api.kind == "StatefulSet" => {
                actions.extend(stateful_set(cluster, rendered, set, live, observed));
            }
            _ if differs(rendered, live) => actions.push(Action::Apply(rendered.clone())),
            _ => {}
        }
    }
    Ok(actions)
}

fn stateful_set(
    cluster: &Cluster,
    rendered: &Rendered,
    set: &StatefulSet,
    live: &Value,
    observed: &Observed,
) -> Vec<Action> {
    let Some(pool) = cluster.pools.iter().find(|pool| pool.full_name == rendered.name) else {
        return Vec::new();
    };
    let mut actions = grow(pool, observed);
    if disk_of(set).is_some_and(|size| quantity::less(size, &pool.disk)) {
        // Its pods live on; the next pass makes it again, and it adopts them.
        let uid = set.uid().unwrap_or_default();
        actions.push(Action::Replace { name: rendered.name.clone(), uid });
    } else if differs(rendered, live) {
        actions.push(Action::Apply(rendered.clone()));
    }
    actions
}

fn grow(pool: &Pool, observed: &Observed) -> Vec<Action> {
    let claims = pool.node_ids().filter_map(|node_id| observed.claims.get(&pool.claim(node_id)));
    claims
        .filter(|claim| requested(claim).is_some_and(|size| quantity::less(size, &pool.disk)))
        .map(|claim| Action::GrowClaim { name: claim.name_any(), size: pool.disk.clone() })
        .collect()
}

/// The revision that pods should run, when the StatefulSet's controller has seen the last change.
#[must_use]
pub fn current_revision(set: &StatefulSet) -> Option<&str> {
    let status = set.status.as_ref()?;
    let seen = status.observed_generation >= set.metadata.generation;
    seen.then_some(status.update_revision.as_deref()).flatten()
}

/// Whether a pod was made from a revision of its StatefulSet.
#[must_use]
pub fn runs(pod: &Pod, revision: &str) -> bool {
    pod.labels().get("controller-revision-hash").is_some_and(|running| running == revision)
}

/// Why a pod that runs an older revision has to be replaced.
#[must_use]
pub fn why(cluster: &Cluster, set: &StatefulSet, pod: &Pod) -> &'static str {
    let template = set.spec.as_ref().map(|spec| &spec.template);
    let image = |spec: Option<&k8s_openapi::api::core::v1::PodSpec>| {
        spec.and_then(|spec| spec.containers.first()).and_then(|c| c.image.clone())
    };
    let wanted = |name: &str| {
        let annotations = template?.metadata.as_ref()?.annotations.as_ref()?;
        annotations.get(name)
    };
    let differs = |name: &str| wanted(name) != pod.annotations().get(name);
    let image = image(template.and_then(|t| t.spec.as_ref())) != image(pod.spec.as_ref());
    // A spec that asks for what it asked for before is no reason.
    let upgraded = !differs(ASKED);
    match (image, upgraded) {
        (true, true) if !cluster.image_given => "the operator was upgraded, and its image with it",
        (true, _) => "its image changed",
        (false, true) => "the operator was upgraded",
        (false, false) if differs(CONFIG) => "its configuration changed",
        (false, false) => "its pod template changed",
    }
}

fn belongs(cluster: &Cluster, live: &Value) -> bool {
    let owners = live["metadata"]["ownerReferences"].as_array();
    owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"] == cluster.owner.uid))
}

/// Whether an object has to be applied: its fields are no longer what the operator wants, or the
/// operator wants fewer fields than it applied last.
fn differs(rendered: &Rendered, live: &Value) -> bool {
    let applied = |object: &Value| object["metadata"]["annotations"][APPLIED].clone();
    applied(live) != applied(&rendered.value) || !holds(live, &rendered.value)
}

/// Whether `live` has every field of `wanted` with its value. The API server adds fields, also
/// within the items of lists.
fn holds(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => wanted.iter().all(|(name, wanted)| {
            live.get(name).map_or_else(|| empty(wanted), |live| holds(live, wanted))
        }),
        (Value::Array(live), Value::Array(wanted)) => {
            live.len() == wanted.len() && live.iter().zip(wanted).all(|(l, w)| holds(l, w))
        }
        (Value::String(live), Value::String(wanted)) => {
            live == wanted || quantity::same(live, wanted)
        }
        _ => live == wanted,
    }
}

/// What the API server leaves out.
fn empty(wanted: &Value) -> bool {
    match wanted {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(empty),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn disk_of(set: &StatefulSet) -> Option<&Quantity> {
    requested(set.spec.as_ref()?.volume_claim_templates.as_ref()?.first()?)
}

/// The size that a claim asks for.
#[must_use]
pub fn requested(claim: &PersistentVolumeClaim) -> Option<&Quantity> {
    claim.spec.as_ref()?.resources.as_ref()?.requests.as_ref()?.get("storage")
}

#[cfg(test)]
pub(super) mod tests;
