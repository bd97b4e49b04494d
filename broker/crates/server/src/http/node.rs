//! What a node shows over HTTP.

use std::sync::Arc;

use crate::config::LiveConfig;
use crate::node::Node;

use super::{Health, HttpServer};

impl HttpServer for Node {
    fn health(&self) -> &Health {
        &self.health
    }

    fn metrics(&self) -> String {
        let image = self.image.load();
        let node_id = self.identity.node_id;
        let live = LiveConfig::new(Arc::clone(&self.properties)).with_image(node_id, &image);
        let gauges = &self.metrics.gauges;
        gauges.set_image(node_id, &image, |topic| live.topic_of(&image, topic).min_insync_replicas);
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let dirs = self.partitions.dirs();
        gauges.offline_log_dirs.set(count(self.partitions.offline_dir_count()));
        gauges.full_log_dirs.set(count(dirs.iter().filter(|dir| dir.is_full()).count()));
        let lags = self.partitions.all();
        let lags =
            lags.iter().map(|replica| replica.inspect(barnabas_replication::Partition::max_lag));
        self.metrics.replicas.max_lag.set(lags.max().unwrap_or(0));
        self.metrics.replicas.failed_partitions.set(count(self.fetchers.failed()));
        gauges.set_connections(self.admission.connections());
        gauges.broker_state.set(self.health.state().value().into());
        let groups: usize = self.groups.all().iter().map(|shard| shard.sizes().0).sum();
        gauges.groups.set(count(groups));
        self.metrics.render()
    }
}
