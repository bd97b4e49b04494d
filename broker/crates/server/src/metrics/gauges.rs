//! What is so now: written by whoever knows, or worked out from the image when asked.

use barnabas_metadata::Image;
use barnabas_metadata::image::PartitionImage;
use prometheus::{IntGauge, Opts, Registry};

use super::register;

/// Gauges of the node.
#[derive(Debug)]
pub struct Gauges {
    /// `ActiveControllerCount`: 1 on the node that leads the quorum.
    pub active_controller: IntGauge,
    /// `BrokerState`: 0 not running, 1 starting, 2 recovery, 3 running, 6 and 7 stopping.
    pub broker_state: IntGauge,
    /// Groups that this node coordinates.
    pub groups: IntGauge,
    /// Offset of the last metadata record applied.
    pub metadata_offset: IntGauge,
    /// `OfflineLogDirectoryCount`: log directories that failed, now or before the start.
    pub offline_log_dirs: IntGauge,
    /// Log directories that refuse records for want of space.
    pub full_log_dirs: IntGauge,
    connections: IntGauge,
    partitions: IntGauge,
    leaders: IntGauge,
    under_replicated: IntGauge,
    under_min_isr: IntGauge,
    topics: IntGauge,
    global_partitions: IntGauge,
    offline_partitions: IntGauge,
    active_brokers: IntGauge,
    fenced_brokers: IntGauge,
}

impl Gauges {
    pub(super) fn new(registry: &Registry) -> Self {
        let gauge = |name: &str, help: &str| {
            register(registry, IntGauge::with_opts(Opts::new(format!("kafka_{name}"), help)))
        };
        let active = "controller_kafkacontroller_activecontrollercount";
        let under_min_isr = "server_replicamanager_underminisrpartitioncount";
        Self {
            active_controller: gauge(active, "1 if this node is the active controller."),
            broker_state: gauge(
                "server_kafkaserver_brokerstate",
                "State of the broker, 3 = running.",
            ),
            groups: gauge("coordinator_group_groupmetadatamanager_numgroups", "Groups."),
            metadata_offset: gauge(
                "server_broker_metadata_metrics_last_applied_record_offset",
                "Offset of the last metadata record applied.",
            ),
            offline_log_dirs: gauge(
                "log_logmanager_offlinelogdirectorycount",
                "Log directories that failed.",
            ),
            full_log_dirs: gauge(
                "log_logmanager_fulllogdirectorycount",
                "Log directories that refuse records because their volume is full.",
            ),
            connections: gauge(
                "server_socket_server_metrics_connection_count",
                "Open connections of all listeners.",
            ),
            partitions: gauge("server_replicamanager_partitioncount", "Partitions held."),
            leaders: gauge("server_replicamanager_leadercount", "Partitions led."),
            under_replicated: gauge(
                "server_replicamanager_underreplicatedpartitions",
                "Partitions led that have fewer in-sync replicas than replicas.",
            ),
            under_min_isr: gauge(
                under_min_isr,
                "Partitions led that have fewer in-sync replicas than min.insync.replicas.",
            ),
            topics: gauge("controller_kafkacontroller_globaltopiccount", "Topics."),
            global_partitions: gauge(
                "controller_kafkacontroller_globalpartitioncount",
                "Partitions.",
            ),
            offline_partitions: gauge(
                "controller_kafkacontroller_offlinepartitionscount",
                "Partitions without a leader.",
            ),
            active_brokers: gauge(
                "controller_kafkacontroller_activebrokercount",
                "Unfenced brokers.",
            ),
            fenced_brokers: gauge(
                "controller_kafkacontroller_fencedbrokercount",
                "Fenced brokers.",
            ),
        }
    }

    /// Open connections of all listeners.
    pub fn set_connections(&self, count: usize) {
        self.connections.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Works out what an image tells. `min_isr` is a topic's `min.insync.replicas`.
    pub fn set_image(&self, node_id: i32, image: &Image, min_isr: impl Fn(&str) -> i32) {
        let mut counts = Counts::default();
        for topic in image.topics.iter() {
            let least = usize::try_from(min_isr(&topic.name)).unwrap_or(0);
            for partition in topic.partitions.values() {
                counts.add(node_id, partition, least);
            }
        }
        let fenced = image.cluster.brokers().filter(|broker| broker.fenced).count();
        let set = |gauge: &IntGauge, count| gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        set(&self.partitions, counts.held);
        set(&self.leaders, counts.led);
        set(&self.under_replicated, counts.under_replicated);
        set(&self.under_min_isr, counts.under_min_isr);
        set(&self.topics, image.topics.len());
        set(&self.global_partitions, counts.all);
        set(&self.offline_partitions, counts.offline);
        set(&self.fenced_brokers, fenced);
        set(&self.active_brokers, image.cluster.broker_count() - fenced);
        self.metadata_offset.set(image.provenance.offset);
    }
}

#[derive(Default)]
struct Counts {
    all: usize,
    held: usize,
    led: usize,
    offline: usize,
    under_replicated: usize,
    under_min_isr: usize,
}

impl Counts {
    fn add(&mut self, node_id: i32, partition: &PartitionImage, min_isr: usize) {
        let leads = partition.leader == node_id;
        let count = |counter: &mut usize, counts: bool| *counter += usize::from(counts);
        count(&mut self.all, true);
        count(&mut self.held, partition.replicas.contains(&node_id));
        count(&mut self.led, leads);
        count(&mut self.offline, !partition.has_leader());
        let missing = partition.isr.len() < partition.replicas.len();
        count(&mut self.under_replicated, leads && missing);
        count(&mut self.under_min_isr, leads && partition.isr.len() < min_isr);
    }
}
