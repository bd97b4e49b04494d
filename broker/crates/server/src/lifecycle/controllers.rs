//! A controller makes itself known to the active one (`ControllerRegistrationManager`, KIP-919).

use std::sync::Arc;
use std::time::Duration;

use barnabas_controller::Request;
use barnabas_wire::Uuid;
use barnabas_wire::api::controller_registration::{
    ControllerRegistrationRequest, Feature, Listener,
};
use tokio::sync::watch;

use super::registration::features;
use crate::machine;
use crate::node::Node;

/// Pause after a registration that failed.
const RETRY: Duration = Duration::from_millis(500);

/// Registers whenever the image does not have this process, until the process ends.
pub(super) async fn keep_registered(
    node: Arc<Node>,
    listeners: Vec<Listener>,
    mut applied: watch::Receiver<i64>,
) {
    let id = node.identity.node_id;
    let incarnation_id = Uuid(machine::random());
    let request = ControllerRegistrationRequest {
        controller_id: id,
        incarnation_id,
        zk_migration_ready: false,
        listeners,
        features: features()
            .map(|(name, min_supported_version, max_supported_version)| Feature {
                name: name.to_owned(),
                min_supported_version,
                max_supported_version,
            })
            .collect(),
    };
    let is_known = |node: &Node| {
        let image = node.image.load();
        let known = image.cluster.controller(id);
        known.is_some_and(|known| known.registration.incarnation_id == incarnation_id)
    };
    loop {
        // Before there is any metadata, the cluster has no features to check against.
        let begun = *applied.borrow_and_update() > 0;
        if begun && !is_known(&node) {
            let request = Request::ControllerRegistration(request.clone());
            if let Err(error) = node.ask_controller(request).await {
                tracing::warn!(%error, "this controller could not register");
            }
            tokio::time::sleep(RETRY).await;
        } else if applied.changed().await.is_err() {
            return;
        }
    }
}
