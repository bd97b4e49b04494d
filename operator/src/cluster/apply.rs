//! Carries out a plan against the API server.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::api::{
    Api, DeleteParams, DynamicObject, Patch, PatchParams, Preconditions, PropagationPolicy,
};
use kube::{Client, Error};
use serde_json::json;

use super::build::{NO_RACK, QUORUM_FORMED, RACK};
use super::plan::Action;
use crate::MANAGER;

/// Takes one step in Kubernetes. Done twice, it does nothing the second time.
///
/// # Errors
/// The API server refused it or did not answer.
pub async fn apply(client: &Client, namespace: &str, action: &Action) -> kube::Result<()> {
    let manager = PatchParams::apply(MANAGER).force();
    match action {
        Action::Apply(rendered) => {
            let api: Api<DynamicObject> =
                Api::namespaced_with(client.clone(), namespace, &rendered.api);
            api.patch(&rendered.name, &manager, &Patch::Apply(&rendered.value)).await?;
        }
        Action::GrowClaim { name, size } => {
            let api: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), namespace);
            let size = json!({"spec": {"resources": {"requests": {"storage": size}}}});
            api.patch(name, &PatchParams::default(), &Patch::Merge(&size)).await?;
        }
        Action::MarkClaim { name } => {
            let api: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), namespace);
            let mark = json!({"metadata": {"annotations": {QUORUM_FORMED: "true"}}});
            api.patch(name, &PatchParams::default(), &Patch::Merge(&mark)).await?;
        }
        Action::Replace { name, uid } => {
            let api: Api<StatefulSet> = Api::namespaced(client.clone(), namespace);
            delete(&api, name, uid, PropagationPolicy::Orphan).await?;
        }
        Action::Restart { pod, uid, .. } => {
            // In the background: a foreground deletion lets some networks cut the pod off before
            // it has shut down.
            let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
            delete(&api, pod, uid, PropagationPolicy::Background).await?;
        }
        Action::SetRack { pod, uid, rack } => {
            let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
            // The uid makes it a conflict when the pod is a newer one.
            let rack = if rack.is_empty() { NO_RACK } else { rack };
            let patch = json!({"metadata": {"uid": uid, "annotations": {RACK: rack}}});
            match api.patch(pod, &PatchParams::default(), &Patch::Merge(&patch)).await {
                Err(Error::Api(status)) if matches!(status.code, 404 | 409) => {}
                other => other.map(|_| ())?,
            }
        }
        Action::Elect(_)
        | Action::Unregister(_)
        | Action::SetDefaults(_)
        | Action::Replicate(_)
        | Action::RemoveVoter { .. } => {}
    }
    Ok(())
}

/// Deletes exactly the object that was seen; one that is gone or was made again is left alone.
async fn delete<K>(
    api: &Api<K>,
    name: &str,
    uid: &str,
    propagation: PropagationPolicy,
) -> kube::Result<()>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let parameters = DeleteParams {
        propagation_policy: Some(propagation),
        preconditions: Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None }),
        ..DeleteParams::default()
    };
    match api.delete(name, &parameters).await {
        Err(Error::Api(status)) if status.code == 404 || status.code == 409 => Ok(()),
        other => other.map(|_| ()),
    }
}
