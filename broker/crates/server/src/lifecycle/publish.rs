//! Committed metadata becomes what this broker does.

use std::sync::Arc;
use std::time::Duration;

use barnabas_metadata::image::Published;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::machine;
use crate::node::Node;

/// Pause before partitions that could not be opened are tried again.
const REOPEN: Duration = Duration::from_secs(5);

/// Applies images in turn, and tells the end of the last one that is in effect.
pub(super) fn start(
    node: Arc<Node>,
    mut published: mpsc::Receiver<Published>,
    applied: watch::Sender<i64>,
) {
    machine::spawn(async move {
        let mut reopen = Instant::now();
        while let Some(published) = next(&node, &mut published, &mut reopen).await {
            let Published { image, changes } = published;
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

/// The next image; or once more the last one, for partitions that could not be opened.
async fn next(
    node: &Node,
    published: &mut mpsc::Receiver<Published>,
    reopen: &mut Instant,
) -> Option<Published> {
    tokio::select! {
        biased;
        () = sleep_until(*reopen + REOPEN), if node.partitions.have_failed() => {
            *reopen = Instant::now();
            let changes = node.partitions.failed_changes();
            Some(Published { image: node.image.load_full(), changes })
        }
        published = published.recv() => published,
    }
}
