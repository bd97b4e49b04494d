//! Committed metadata becomes what this broker does.

use std::sync::Arc;

use barnabas_metadata::image::Published;
use tokio::sync::{mpsc, watch};

use crate::machine;
use crate::node::Node;

/// Applies images in turn, and tells the end of the last one that is in effect.
pub(super) fn start(
    node: Arc<Node>,
    mut published: mpsc::Receiver<Published>,
    applied: watch::Sender<i64>,
) {
    machine::spawn(async move {
        while let Some(Published { image, changes }) = published.recv().await {
            let end_offset = image.provenance.end_offset();
            // Logs are open and roles known before clients are told who leads.
            node.partitions.apply(&image, &changes).await;
            node.image.store(Arc::clone(&image));
            node.fetchers.apply(&node.partitions, &image, &changes);
            if !changes.configs.is_empty() {
                node.apply_configs(&image);
            }
            node.groups.apply(&image, &changes);
            applied.send_replace(end_offset);
        }
    });
}
