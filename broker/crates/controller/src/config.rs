//! What the controller is told at its start.

use std::collections::BTreeMap;

use barnabas_metadata::record::MetadataRecord;

/// Settings of the controller, from `server.properties`.
#[derive(Clone, Debug)]
pub struct ControllerConfig {
    /// `cluster.id`.
    pub cluster_id: String,
    /// `num.partitions`.
    pub num_partitions: i32,
    /// `default.replication.factor`.
    pub default_replication_factor: i16,
    /// `min.insync.replicas`.
    pub min_insync_replicas: i32,
    /// `unclean.leader.election.enable`.
    pub unclean_leader_election: bool,
    /// `delete.topic.enable`.
    pub delete_topic: bool,
    /// `broker.session.timeout.ms`.
    pub session_timeout_ms: u64,
    /// `metadata.max.idle.interval.ms`; 0 = off.
    pub max_idle_interval_ms: u64,
    /// `leader.imbalance.check.interval.seconds`, in milliseconds; 0 when
    /// `auto.leader.rebalance.enable` is off.
    pub leader_imbalance_check_ms: u64,
    /// `unclean.leader.election.interval.ms`.
    pub unclean_election_interval_ms: u64,
    /// The properties file of this node: what topics inherit from.
    pub file: BTreeMap<String, String>,
    /// The records of `bootstrap.checkpoint`.
    pub bootstrap: Vec<MetadataRecord>,
    /// The finalized kraft.version, told by the quorum.
    pub kraft_version: i16,
    /// The node that this controller is.
    pub node_id: i32,
    /// The voters of the quorum when this controller took over.
    pub voters: Vec<i32>,
    /// Seed of topic ids and placement.
    pub seed: u64,
}

impl Default for ControllerConfig {
    fn default() -> Self {
        Self {
            cluster_id: String::new(),
            num_partitions: 1,
            default_replication_factor: 1,
            min_insync_replicas: 1,
            unclean_leader_election: false,
            delete_topic: true,
            session_timeout_ms: 9_000,
            max_idle_interval_ms: 500,
            leader_imbalance_check_ms: 300_000,
            unclean_election_interval_ms: 300_000,
            file: BTreeMap::new(),
            bootstrap: Vec::new(),
            kraft_version: 0,
            node_id: 0,
            voters: Vec::new(),
            seed: 0,
        }
    }
}
