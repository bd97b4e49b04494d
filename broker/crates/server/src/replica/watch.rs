//! Looks for followers that fell behind (`ReplicaManager`'s isr-expiration).

use std::time::Duration;

use tokio::time::Instant;

use super::ImageBrokers;
use crate::node::Node;

/// A look that comes so much later than it should means that this broker was suspended or
/// overloaded: what it did not hear in that time says nothing about the others.
const LATE: Duration = Duration::from_millis(300);

/// Runs as long as the broker.
pub(super) async fn watch_followers(node: &Node) {
    let lag_ms = node.partitions.replica_lag_time_max_ms();
    let silence_ms = node.replication.silence_max_ms();
    let period_ms = (lag_ms / 2).min(silence_ms / 4).max(1);
    let period = Duration::from_millis(period_ms.unsigned_abs());
    let mut due = Instant::now() + period;
    let mut awake_since_ms = node.clock.monotonic_ms();
    loop {
        tokio::time::sleep_until(due).await;
        let now = Instant::now();
        let now_ms = node.clock.monotonic_ms();
        if now.duration_since(due) > LATE {
            awake_since_ms = now_ms;
        }
        due = now + period;
        let image = node.image.load_full();
        let brokers = ImageBrokers(&image);
        for replica in node.partitions.all() {
            node.partitions.look_at_followers(&replica, &brokers, awake_since_ms);
        }
    }
}
