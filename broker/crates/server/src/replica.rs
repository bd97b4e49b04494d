//! Replication between brokers: followers fetch, leaders keep the in-sync replicas.

mod alter;
mod brokers;
mod fetch;
mod fetchers;
mod reset;
mod settings;
mod throttles;
mod watch;

pub use alter::IsrChanges;
pub use brokers::ImageBrokers;
pub use fetchers::Fetchers;
pub use settings::ReplicaSettings;
pub use throttles::Throttles;

use std::sync::Arc;

use crate::node::Node;

/// Does the broker's share of replication for as long as it is polled: to be dropped before the
/// logs are closed.
pub async fn replicate(node: Arc<Node>) {
    tokio::join!(fetchers::run(&node), alter::send(&node), watch::watch_followers(&node));
}
