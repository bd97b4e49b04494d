//! From the configuration to what the parts of a node are started with.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use barnabas_controller::ControllerConfig;
use barnabas_quorum::{
    Config as QuorumConfig, Endpoint, Limits, NodeId, ReplicaKey, Timeouts, Voter, VoterSet,
};
use barnabas_server::Machine;
use barnabas_server::config::{AdvertisedListener, BrokerConfig, SettingsError};
use barnabas_server::http::Health;
use barnabas_server::lifecycle::{LifecycleOptions, Registration};
use barnabas_server::machine;
use barnabas_server::partition::Intervals;
use barnabas_server::raft::{MetadataOptions, read_bootstrap};
use barnabas_storage::{Disk, ReserveDisk};
use barnabas_wire::Uuid;
use barnabas_wire::api::controller_registration::Listener as ControllerListener;

use crate::error::StartError;
use crate::format::Formatted;

/// How long a graceful shutdown of the quorum waits for a successor, ms.
const QUORUM_SHUTDOWN_MS: u64 = 5_000;

/// What the metadata thread is started with.
pub(crate) fn metadata(
    config: &BrokerConfig,
    dirs: &[Formatted],
    machine: &Machine,
    endpoints: &[AdvertisedListener],
) -> Result<MetadataOptions, StartError> {
    let settings = config.settings();
    let disk = ReserveDisk::new(Arc::clone(&machine.disk), &config.metadata_log_dir);
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let dir = &config.metadata_log_dir;
    let formatted = dirs.iter().find(|formatted| formatted.path == *dir);
    let directory = formatted.map_or(Uuid::ZERO, |formatted| formatted.meta.directory_id);
    let cluster_id = formatted.map(|formatted| formatted.meta.cluster_id.clone());
    let cluster_id = cluster_id.unwrap_or_default();
    let quorum = quorum(config, directory, &cluster_id, endpoints)?;
    let static_voters = static_voters(config, &quorum.listener);
    let controller = controller(config, cluster_id, disk.as_ref(), dir)?;
    let bytes: i64 = settings.number("metadata.log.segment.bytes")?;
    let options =
        MetadataOptions::new(disk, Arc::clone(&machine.clock), dir.clone(), quorum, controller);
    Ok(MetadataOptions {
        static_voters,
        dialer: Some(Arc::clone(&machine.dialer)),
        local_broker: config.roles.broker.then_some(config.node_id),
        segment_bytes: bytes.unsigned_abs(),
        segment_ms: settings.number("metadata.log.segment.ms")?,
        snapshot_bytes: settings.number("metadata.log.max.record.bytes.between.snapshots")?,
        snapshot_interval_ms: settings.number("metadata.log.max.snapshot.interval.ms")?,
        retention_bytes: settings.number("metadata.max.retention.bytes")?,
        retention_ms: settings.number("metadata.max.retention.ms")?,
        ..options
    })
}

/// How the broker behaves in the cluster.
pub(crate) fn lifecycle(
    config: &BrokerConfig,
    registration: Option<Registration>,
    controller_listeners: Vec<ControllerListener>,
    health: Arc<Health>,
) -> Result<LifecycleOptions, SettingsError> {
    let settings = config.settings();
    let ms = |name| settings.number(name).map(Duration::from_millis);
    Ok(LifecycleOptions {
        registration,
        controller_listeners,
        inter_broker_listener: config.inter_broker_listener_name.clone(),
        silence_timeout: ms("barnabas.broker.silence.timeout.ms")?,
        heartbeat_interval: ms("broker.heartbeat.interval.ms")?,
        registration_timeout: ms("initial.broker.registration.timeout.ms")?,
        controlled_shutdown: settings.boolean("controlled.shutdown.enable")?,
        health,
    })
}

/// How long a failed log directory may stay unknown to the controller.
pub(crate) fn dir_failure_timeout(config: &BrokerConfig) -> Result<Duration, SettingsError> {
    config.settings().number("log.dir.failure.timeout.ms").map(Duration::from_millis)
}

/// How often a log directory is looked after.
pub(crate) fn intervals(config: &BrokerConfig) -> Result<Intervals, SettingsError> {
    let ms = |name| config.settings().number(name).map(Duration::from_millis);
    Ok(Intervals {
        retention: ms("log.retention.check.interval.ms")?,
        high_watermark: ms("replica.high.watermark.checkpoint.interval.ms")?,
        recovery_point: ms("log.flush.offset.checkpoint.interval.ms")?,
        log_start: ms("log.flush.start.offset.checkpoint.interval.ms")?,
    })
}

fn quorum(
    config: &BrokerConfig,
    directory: Uuid,
    cluster_id: &str,
    endpoints: &[AdvertisedListener],
) -> Result<QuorumConfig, SettingsError> {
    let settings = config.settings();
    let listener = config.controller_listener_names.first().cloned().unwrap_or_default();
    let endpoints = endpoints.iter().map(|endpoint| Endpoint {
        listener: endpoint.name.clone(),
        host: endpoint.host.clone(),
        port: endpoint.port,
    });
    let bootstrap = config.quorum.bootstrap_servers.iter().map(|(host, port)| Endpoint {
        listener: listener.clone(),
        host: host.clone(),
        port: *port,
    });
    Ok(QuorumConfig {
        node: NodeId(config.node_id),
        directory,
        cluster_id: cluster_id.to_owned(),
        endpoints: endpoints.collect(),
        bootstrap: bootstrap.collect(),
        listener,
        is_controller: config.roles.controller,
        auto_join: config.quorum.auto_join,
        timeouts: Timeouts {
            election_ms: settings.number("controller.quorum.election.timeout.ms")?,
            fetch_ms: settings.number("controller.quorum.fetch.timeout.ms")?,
            election_backoff_max_ms: settings
                .number("controller.quorum.election.backoff.max.ms")?,
            request_ms: settings.number("controller.quorum.request.timeout.ms")?,
            retry_backoff_ms: settings.number("controller.quorum.retry.backoff.ms")?,
            shutdown_ms: QUORUM_SHUTDOWN_MS,
            ..Timeouts::default()
        },
        limits: Limits {
            fetch_max_bytes: settings.number("controller.quorum.fetch.max.bytes")?,
            snapshot_chunk_max_bytes: settings
                .number("controller.quorum.fetch.snapshot.max.bytes")?,
            ..Limits::default()
        },
        seed: machine::random(),
    })
}

fn static_voters(config: &BrokerConfig, listener: &str) -> VoterSet {
    VoterSet::new(config.quorum.voters.iter().map(|voter| Voter {
        key: ReplicaKey { id: NodeId(voter.id), directory: None },
        endpoints: vec![Endpoint {
            listener: listener.to_owned(),
            host: voter.host.clone(),
            port: voter.port,
        }],
        ..Voter::default()
    }))
}

fn controller(
    config: &BrokerConfig,
    cluster_id: String,
    disk: &dyn Disk,
    dir: &Path,
) -> Result<ControllerConfig, StartError> {
    let settings = config.settings();
    let rebalance = settings.boolean("auto.leader.rebalance.enable")?;
    let imbalance_s: u64 = settings.number("leader.imbalance.check.interval.seconds")?;
    Ok(ControllerConfig {
        cluster_id,
        num_partitions: settings.number("num.partitions")?,
        default_replication_factor: settings.number("default.replication.factor")?,
        min_insync_replicas: settings.number("min.insync.replicas")?,
        unclean_leader_election: settings.boolean("unclean.leader.election.enable")?,
        delete_topic: settings.boolean("delete.topic.enable")?,
        session_timeout_ms: settings.number("broker.session.timeout.ms")?,
        max_idle_interval_ms: settings.number("metadata.max.idle.interval.ms")?,
        leader_imbalance_check_ms: if rebalance { imbalance_s * 1000 } else { 0 },
        unclean_election_interval_ms: settings.number("unclean.leader.election.interval.ms")?,
        file: settings.values().clone(),
        bootstrap: read_bootstrap(disk, dir)?,
        seed: machine::random(),
        ..ControllerConfig::default()
    })
}
