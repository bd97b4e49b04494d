//! `kafka.server:type=ReplicaManager` and `kafka.server:type=ReplicaFetcherManager`.

use prometheus::{IntCounter, IntGauge, Opts, Registry};

use super::register;

/// What is counted of replication.
#[derive(Debug)]
pub struct ReplicaMetrics {
    /// `IsrExpandsPerSec`: replicas joined an ISR led here.
    pub isr_expands: IntCounter,
    /// `IsrShrinksPerSec`: replicas left an ISR led here.
    pub isr_shrinks: IntCounter,
    /// `FailedIsrUpdatesPerSec`: changes of an ISR that were not made.
    pub failed_isr_updates: IntCounter,
    /// `MaxLag`: records that the slowest in-sync follower of a partition led here is behind.
    pub max_lag: IntGauge,
    /// `FailedPartitionsCount`: partitions that this follower gave up fetching.
    pub failed_partitions: IntGauge,
    /// `ReplicationBytesInPerSec`.
    pub bytes_in: IntCounter,
    /// `ReplicationBytesOutPerSec`.
    pub bytes_out: IntCounter,
}

impl ReplicaMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let counter = |name: &str, help: &str| {
            let name = format!("kafka_server_{name}_total");
            register(registry, IntCounter::with_opts(Opts::new(name, help)))
        };
        let gauge = |name: &str, help: &str| {
            let name = format!("kafka_server_{name}");
            register(registry, IntGauge::with_opts(Opts::new(name, help)))
        };
        Self {
            isr_expands: counter("replicamanager_isrexpands", "Replicas that joined an ISR."),
            isr_shrinks: counter("replicamanager_isrshrinks", "Replicas that left an ISR."),
            failed_isr_updates: counter(
                "replicamanager_failedisrupdates",
                "Changes of an ISR that were not made.",
            ),
            max_lag: gauge(
                "replicafetchermanager_maxlag",
                "Records that the slowest in-sync follower is behind.",
            ),
            failed_partitions: gauge(
                "replicafetchermanager_failedpartitionscount",
                "Partitions that this follower gave up fetching.",
            ),
            bytes_in: counter(
                "brokertopicmetrics_replicationbytesin",
                "Bytes that this follower appended.",
            ),
            bytes_out: counter(
                "brokertopicmetrics_replicationbytesout",
                "Bytes that followers fetched.",
            ),
        }
    }
}
