//! Metrics under the names that dashboards of Apache Kafka look for: the MBean's domain, type
//! and name in lower case, joined by `_`, as the usual JMX exporter rules write them.
//!
//! Label values that clients can make grow are capped: see [`MAX_TOPICS`].

mod gauges;
mod process;
mod replicas;
mod requests;
mod topics;

#[cfg(test)]
mod tests;

use prometheus::core::Collector;
use prometheus::{Registry, TextEncoder};

pub use gauges::Gauges;
pub use replicas::ReplicaMetrics;
pub use requests::RequestMetrics;
pub use topics::{MAX_TOPICS, TopicCounters, TopicMetrics};

use process::ProcessMetrics;

/// Every metric of a node.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Counters by topic.
    pub topics: TopicMetrics,
    /// Counters and times by API.
    pub requests: RequestMetrics,
    /// What is so now.
    pub gauges: Gauges,
    /// What is counted of replication.
    pub replicas: ReplicaMetrics,
    process: ProcessMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::new();
        Self {
            topics: TopicMetrics::new(&registry),
            requests: RequestMetrics::new(&registry),
            gauges: Gauges::new(&registry),
            replicas: ReplicaMetrics::new(&registry),
            process: ProcessMetrics::new(&registry),
            registry,
        }
    }

    /// Everything in the Prometheus text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.process.update();
        let mut text = String::new();
        let families = self.registry.gather();
        if let Err(error) = TextEncoder::new().encode_utf8(&families, &mut text) {
            tracing::error!(%error, "cannot render metrics");
        }
        text
    }
}

/// Registers a metric whose name and labels are constants.
fn register<C: Collector + Clone + 'static>(
    registry: &Registry,
    metric: prometheus::Result<C>,
) -> C {
    #[expect(clippy::expect_used, reason = "names and labels are constants; a test makes them all")]
    let metric = metric.expect("a valid metric");
    #[expect(clippy::expect_used, reason = "each name occurs once; a test makes them all")]
    registry.register(Box::new(metric.clone())).expect("a new metric");
    metric
}
