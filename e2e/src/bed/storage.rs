//! The StorageClass `standard` of a bed: a volume is a folder of this host, bound to the node of
//! its first consumer. A volume grows when its claim asks for more; like every class that is made
//! of folders, it does not enforce its size.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use crate::failure::Result;

/// The name of the provisioner in the StorageClass.
pub const PROVISIONER: &str = "folder.barnabas.dev";

const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";

/// The manifest of the StorageClass.
pub fn class() -> serde_json::Value {
    json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "standard",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": PROVISIONER,
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": true,
        "reclaimPolicy": "Delete",
    })
}

/// Serves claims and volumes until it is killed.
///
/// # Errors
/// When the API server can no longer be watched.
pub async fn serve(client: Client, folder: PathBuf) -> Result<()> {
    let provisioner = Provisioner { client: client.clone(), folder };
    let claims: Api<PersistentVolumeClaim> = Api::all(client.clone());
    let volumes: Api<PersistentVolume> = Api::all(client);
    let config = watcher::Config::default();
    let mut claims = watcher(claims, config.clone()).default_backoff().touched_objects().boxed();
    let mut volumes = watcher(volumes, config).default_backoff().touched_objects().boxed();
    loop {
        let handled = tokio::select! {
            claim = claims.try_next() => match claim {
                Ok(Some(claim)) => provisioner.claim(&claim).await,
                Ok(None) => return Ok(()),
                Err(error) => Err(error.into()),
            },
            volume = volumes.try_next() => match volume {
                Ok(Some(volume)) => provisioner.volume(&volume).await,
                Ok(None) => return Ok(()),
                Err(error) => Err(error.into()),
            },
        };
        if let Err(error) = handled {
            println!("{error}");
        }
    }
}

struct Provisioner {
    client: Client,
    folder: PathBuf,
}

impl Provisioner {
    async fn claim(&self, claim: &PersistentVolumeClaim) -> Result<()> {
        let Some(spec) = &claim.spec else { return Ok(()) };
        let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref());
        if claim.metadata.deletion_timestamp.is_some() {
            return Ok(());
        }
        match (phase, &spec.volume_name) {
            (Some("Bound"), Some(volume)) => self.grow(claim, volume).await,
            (Some("Pending"), None) => self.provision(claim).await,
            _ => Ok(()),
        }
    }

    async fn provision(&self, claim: &PersistentVolumeClaim) -> Result<()> {
        let Some(node) = claim.annotations().get(SELECTED_NODE) else { return Ok(()) };
        let (Some(uid), Some(spec)) = (claim.uid(), &claim.spec) else { return Ok(()) };
        if spec.storage_class_name.as_deref() != Some("standard") {
            return Ok(());
        }
        let name = format!("pvc-{uid}");
        let path = self.folder.join(&name);
        make_folder(&path)?;
        let volume: PersistentVolume = serde_json::from_value(json!({
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name, "annotations": {PROVISIONED_BY: PROVISIONER}},
            "spec": {
                "capacity": {"storage": requested(claim)},
                "accessModes": spec.access_modes,
                "volumeMode": spec.volume_mode,
                "storageClassName": "standard",
                "persistentVolumeReclaimPolicy": "Delete",
                "claimRef": {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": claim.namespace(),
                    "name": claim.name_any(),
                    "uid": uid,
                },
                "local": {"path": path},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                    {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
                ]}]}},
            },
        }))?;
        let volumes: Api<PersistentVolume> = Api::all(self.client.clone());
        match volumes.create(&PostParams::default(), &volume).await {
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
            created => Ok(created.map(|_| println!("provisioned {name} on {node}"))?),
        }
    }

    async fn grow(&self, claim: &PersistentVolumeClaim, volume: &str) -> Result<()> {
        let capacity = claim.status.as_ref().and_then(|status| status.capacity.as_ref());
        let Some(current) = capacity.and_then(|capacity| capacity.get("storage")) else {
            return Ok(());
        };
        let wanted = requested(claim);
        if wanted == *current {
            return Ok(());
        }
        let size = BTreeMap::from([("storage", &wanted)]);
        let patch = Patch::Merge(json!({"spec": {"capacity": size}}));
        let volumes: Api<PersistentVolume> = Api::all(self.client.clone());
        volumes.patch(volume, &PatchParams::default(), &patch).await?;
        let namespace = claim.namespace().unwrap_or_default();
        let claims: Api<PersistentVolumeClaim> = Api::namespaced(self.client.clone(), &namespace);
        let patch = Patch::Merge(json!({"status": {"capacity": size}}));
        claims.patch_status(&claim.name_any(), &PatchParams::default(), &patch).await?;
        println!("grew {volume} from {} to {}", current.0, wanted.0);
        Ok(())
    }

    async fn volume(&self, volume: &PersistentVolume) -> Result<()> {
        let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
        let ours = volume.annotations().get(PROVISIONED_BY).is_some_and(|by| by == PROVISIONER);
        let spec = volume.spec.as_ref();
        let policy = spec.and_then(|spec| spec.persistent_volume_reclaim_policy.as_deref());
        let deleting = volume.metadata.deletion_timestamp.is_some();
        if !ours || deleting || phase != Some("Released") || policy != Some("Delete") {
            return Ok(());
        }
        let name = volume.name_any();
        let path = self.folder.join(&name);
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        let volumes: Api<PersistentVolume> = Api::all(self.client.clone());
        match volumes.delete(&name, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            deleted => Ok(deleted.map(|_| println!("deleted {name}"))?),
        }
    }
}

fn requested(claim: &PersistentVolumeClaim) -> Quantity {
    claim
        .spec
        .as_ref()
        .and_then(|spec| spec.resources.as_ref())
        .and_then(|resources| resources.requests.as_ref())
        .and_then(|requests| requests.get("storage"))
        .cloned()
        .unwrap_or_else(|| Quantity("1Gi".to_owned()))
}

fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path)?;
    // Any user of a pod may own its files here; the kubelet narrows it by fsGroup.
    fs::set_permissions(path, fs::Permissions::from_mode(0o777))?;
    Ok(())
}
