//! The operator's metrics, served at `/metrics`.

use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

/// Counters of what the operator does. Cloning shares them.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    /// Time of a pass over a KafkaCluster.
    pub cluster_pass: Histogram,
    /// Time of a pass over the KafkaTopics of one cluster.
    pub topic_pass: Histogram,
    /// Passes that failed and were repeated, by kind.
    pub failures: IntCounterVec,
    /// Topics that were changed because somebody else had changed them.
    pub drift_reverted: IntCounter,
    /// KafkaTopics that are managed.
    pub topics: IntGauge,
    /// 1 while this process holds the lease.
    pub leader: IntGauge,
}

impl Metrics {
    /// Metrics in a registry of their own.
    ///
    /// # Errors
    /// Never: the names are valid and unique.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let histogram = |name: &str, help: &str| {
            let buckets = prometheus::exponential_buckets(0.005, 3.0, 8)?;
            let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets))?;
            registry.register(Box::new(histogram.clone()))?;
            Ok::<_, prometheus::Error>(histogram)
        };
        let failures = IntCounterVec::new(
            Opts::new("barnabas_operator_failures_total", "Passes that failed, by kind"),
            &["kind"],
        )?;
        registry.register(Box::new(failures.clone()))?;
        let drift_reverted = IntCounter::new(
            "barnabas_operator_drift_reverted_total",
            "Topics set back to their spec after somebody else changed them",
        )?;
        registry.register(Box::new(drift_reverted.clone()))?;
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        Ok(Self {
            cluster_pass: histogram(
                "barnabas_operator_cluster_pass_seconds",
                "Time of a pass over a KafkaCluster",
            )?,
            topic_pass: histogram(
                "barnabas_operator_topic_pass_seconds",
                "Time of a pass over the KafkaTopics of a cluster",
            )?,
            failures,
            drift_reverted,
            topics: gauge("barnabas_operator_topics", "KafkaTopics that are managed")?,
            leader: gauge("barnabas_operator_leader", "1 while this process holds the lease")?,
            registry: registry.clone(),
        })
    }

    /// Everything as Prometheus reads it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        let encoded = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        if let Err(error) = encoded {
            tracing::warn!(%error, "metrics not encoded");
        }
        String::from_utf8(text).unwrap_or_default()
    }
}
