//! What the metadata thread is started with.

use std::path::PathBuf;
use std::sync::Arc;

use barnabas_controller::{ControllerConfig, bootstrap_records};
use barnabas_metadata::feature::MetadataVersion;
use barnabas_quorum::{Config, Endpoint, Limits, NodeId, ReplicaKey, Timeouts, Voter, VoterSet};
use barnabas_storage::Disk;
use barnabas_wire::Uuid;
use prometheus::IntGauge;

use crate::clock::Clock;
use crate::peer::Dialer;

/// Where the metadata log is, and who votes.
#[derive(Debug)]
pub struct MetadataOptions {
    /// The disk.
    pub disk: Arc<dyn Disk>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The way to other members of the quorum; without it there are none.
    pub dialer: Option<Arc<dyn Dialer>>,
    /// `metadata.log.dir`; the log is in its `__cluster_metadata-0`.
    pub dir: PathBuf,
    /// The quorum core's settings.
    pub quorum: Config,
    /// The voters of `controller.quorum.voters`; empty for a dynamic quorum, whose voters are in
    /// the bootstrap snapshot.
    pub static_voters: VoterSet,
    /// The controller core's settings.
    pub controller: ControllerConfig,
    /// Set to 1 while this node is the active controller, and to 0 otherwise.
    pub active_controller: Option<IntGauge>,
    /// The broker of this process: its earlier process certainly ended, because this one holds
    /// the locks of its directories.
    pub local_broker: Option<i32>,
    /// `metadata.log.segment.bytes`.
    pub segment_bytes: u64,
    /// `metadata.log.segment.ms`.
    pub segment_ms: i64,
    /// `metadata.log.max.record.bytes.between.snapshots`.
    pub snapshot_bytes: u64,
    /// `metadata.log.max.snapshot.interval.ms`; 0 = only by size.
    pub snapshot_interval_ms: u64,
    /// `metadata.max.retention.bytes`; below 0 = no limit.
    pub retention_bytes: i64,
    /// `metadata.max.retention.ms`; below 0 = no limit.
    pub retention_ms: i64,
}

impl MetadataOptions {
    /// Node 1 of the cluster `cluster`, broker and only voter, with Kafka's defaults: what tests
    /// start that need a controller.
    #[must_use]
    pub fn alone(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        dir: PathBuf,
        directory: Uuid,
    ) -> Self {
        let (node, cluster_id) = (NodeId(1), "cluster");
        let endpoint =
            Endpoint { listener: "CONTROLLER".into(), host: "127.0.0.1".into(), port: 9093 };
        let quorum = Config {
            node,
            directory,
            cluster_id: cluster_id.into(),
            listener: endpoint.listener.clone(),
            endpoints: vec![endpoint.clone()],
            bootstrap: Vec::new(),
            is_controller: true,
            auto_join: false,
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            seed: 1,
        };
        let controller = ControllerConfig {
            cluster_id: cluster_id.into(),
            bootstrap: bootstrap_records(MetadataVersion::LATEST_PRODUCTION),
            ..ControllerConfig::default()
        };
        let voter = Voter {
            key: ReplicaKey { id: node, directory: None },
            endpoints: vec![endpoint],
            ..Voter::default()
        };
        Self {
            static_voters: VoterSet::new([voter]),
            local_broker: Some(node.0),
            ..Self::new(disk, clock, dir, quorum, controller)
        }
    }

    /// Options with Kafka's defaults.
    #[must_use]
    pub fn new(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        dir: PathBuf,
        quorum: Config,
        controller: ControllerConfig,
    ) -> Self {
        Self {
            disk,
            clock,
            dialer: None,
            dir,
            quorum,
            static_voters: VoterSet::default(),
            controller,
            active_controller: None,
            local_broker: None,
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3600 * 1000,
            snapshot_bytes: 20 << 20,
            snapshot_interval_ms: 3600 * 1000,
            retention_bytes: 100 << 20,
            retention_ms: 7 * 24 * 3600 * 1000,
        }
    }
}
