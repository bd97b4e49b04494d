//! The metadata thread on simulated and real disks.

mod crash;
mod dump;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use barnabas_controller::{Request, Response, bootstrap_records};
use barnabas_metadata::feature::MetadataVersion;
use barnabas_quorum::{NodeId, ReplicaKey, Voter, VoterSet};
use barnabas_storage::{Disk, RealDisk};
use barnabas_wire::api::broker_heartbeat::BrokerHeartbeatRequest;
use barnabas_wire::api::broker_registration::{BrokerRegistrationRequest, Feature, Listener};
use barnabas_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use barnabas_wire::{ErrorCode, Uuid};

use super::*;
use crate::clock::SystemClock;

/// Node 1, alone.
fn options(disk: Arc<dyn Disk>, dir: &Path) -> MetadataOptions {
    let clock = Arc::new(SystemClock::default());
    MetadataOptions::alone(disk, clock, dir.to_path_buf(), Uuid([9; 16]))
}

fn registration(incarnation: u8) -> Request {
    let feature = |name: &str, min, max| Feature {
        name: name.into(),
        min_supported_version: min,
        max_supported_version: max,
    };
    let mut features = vec![feature("metadata.version", 7, 30), feature("kraft.version", 0, 1)];
    features.extend(
        barnabas_metadata::feature::FEATURES
            .iter()
            .map(|known| feature(known.name, known.min_level, known.max_level)),
    );
    Request::BrokerRegistration(BrokerRegistrationRequest {
        broker_id: 1,
        cluster_id: "cluster".into(),
        incarnation_id: Uuid([incarnation; 16]),
        listeners: vec![Listener {
            name: "PLAINTEXT".into(),
            host: "127.0.0.1".into(),
            port: 9092,
            security_protocol: 0,
        }],
        features,
        rack: None,
        is_migrating_zk_broker: false,
        log_dirs: vec![Uuid([9; 16])],
        previous_broker_epoch: -1,
    })
}

fn heartbeat(broker_epoch: i64) -> Request {
    Request::BrokerHeartbeat(BrokerHeartbeatRequest {
        broker_id: 1,
        broker_epoch,
        current_metadata_offset: i64::MAX,
        ..BrokerHeartbeatRequest::default()
    })
}

fn create(names: impl Iterator<Item = String>) -> Request {
    let topic = |name| CreatableTopic {
        name,
        num_partitions: 1,
        replication_factor: 1,
        assignments: Vec::new(),
        configs: Vec::new(),
    };
    let topics = names.map(topic).collect();
    Request::CreateTopics(CreateTopicsRequest { topics, timeout_ms: 0, validate_only: false })
}

/// A started node with broker 1 registered and unfenced.
struct Running {
    link: MetadataLink,
    newest: tokio::task::JoinHandle<Option<Vec<String>>>,
}

impl Running {
    async fn start(options: MetadataOptions, incarnation: u8) -> Self {
        let mut thread = start(options).unwrap();
        let link = MetadataLink::new(&thread);
        let newest = tokio::spawn(async move {
            let mut newest = None;
            while let Some(published) = thread.published.recv().await {
                let topics = published.image.topics.iter().map(|topic| topic.name.to_string());
                newest = Some(topics.collect());
            }
            newest
        });
        let running = Self { link, newest };
        let epoch = loop {
            match running.link.ask(registration(incarnation)).await {
                Ok(Answer { response: Response::BrokerRegistration(response), .. }) => {
                    assert_eq!(response.error_code, ErrorCode::NONE);
                    break response.broker_epoch;
                }
                Ok(other) => panic!("{other:?}"),
                Err(NotController) => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        };
        running.link.ask(heartbeat(epoch)).await.unwrap();
        running
    }

    async fn create(&self, names: impl Iterator<Item = String>) -> Vec<ErrorCode> {
        match self.link.ask(create(names)).await.unwrap().response {
            Response::CreateTopics(response) => {
                response.topics.iter().map(|topic| topic.error_code).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    /// Stops the node; the topics of its last image.
    async fn stop(self) -> Vec<String> {
        self.link.shut_down().await;
        self.newest.await.unwrap().unwrap_or_default()
    }
}

fn real(dir: &tempfile::TempDir) -> (Arc<dyn Disk>, PathBuf) {
    (Arc::new(RealDisk), dir.path().to_path_buf())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_survives_restarts_and_the_epoch_grows() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, path) = real(&dir);
    let running = Running::start(options(Arc::clone(&disk), &path), 1).await;
    running.create(["one".to_owned()].into_iter()).await;
    let first = running.link.describe_quorum().await.unwrap();
    assert_eq!(running.stop().await, ["one"]);
    let running = Running::start(options(disk, &path), 2).await;
    let second = running.link.describe_quorum().await.unwrap();
    assert!(second.epoch > first.epoch);
    assert!(second.high_watermark > first.high_watermark);
    assert_eq!(running.stop().await, ["one"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_replace_what_they_cover() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, path) = real(&dir);
    let small = |disk| MetadataOptions {
        snapshot_bytes: 2_000,
        retention_bytes: 4_000,
        segment_bytes: 1_000_000,
        ..options(disk, &path)
    };
    let running = Running::start(small(Arc::clone(&disk)), 1).await;
    for n in 0..200 {
        running.create([format!("topic-{n:03}")].into_iter()).await;
    }
    running.stop().await;
    let names = || -> Vec<String> {
        let entries = std::fs::read_dir(path.join(METADATA_DIR)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".checkpoint")).collect()
    };
    assert!(!names().is_empty(), "a snapshot was written");
    let running = Running::start(small(disk), 2).await;
    assert_eq!(running.stop().await.len(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_topics_are_one_batch_and_fast() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, path) = real(&dir);
    let running = Running::start(options(disk, &path), 1).await;
    let codes = running.create((0..1_000).map(|n| format!("topic-{n}"))).await;
    assert!(codes.iter().all(|code| *code == ErrorCode::NONE));
    assert_eq!(running.stop().await.len(), 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_a_batch_becomes_several() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, path) = real(&dir);
    // Nobody heartbeats here: however slow the machine is, no session may end meanwhile.
    let patient = |disk: &Arc<dyn Disk>| {
        let mut options = options(Arc::clone(disk), &path);
        options.controller.session_timeout_ms = 3_600_000;
        options
    };
    let running = Running::start(patient(&disk), 1).await;
    for part in 0..3 {
        let names = (0..4_000).map(|n| format!("topic-{part}-{n}"));
        let codes = running.create(names).await;
        assert!(codes.iter().all(|code| *code == ErrorCode::NONE));
    }
    running.stop().await;
    // Another process: 12,000 partitions lose their leader, and get it back by its heartbeat.
    let running = Running::start(patient(&disk), 2).await;
    let end = running.link.describe_quorum().await.unwrap().high_watermark.unwrap();
    assert_eq!(running.stop().await.len(), 12_000);
    let log = std::fs::read(path.join(METADATA_DIR).join("00000000000000000000.log")).unwrap();
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap()) as usize;
    let (mut at, mut counts) = (0, Vec::new());
    while at < log.len() {
        counts.push(number(at + 57));
        at += 12 + number(at + 8);
    }
    assert!(counts.iter().all(|count| *count <= 10_000), "{counts:?}");
    assert!(counts.iter().sum::<usize>() >= end as usize);
    assert_eq!(counts.iter().filter(|count| **count == 10_000).count(), 2, "{counts:?}");
}

#[test]
fn quorum_state_reads_back_in_both_versions() {
    use barnabas_quorum::{Election, Epoch};
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(state::load(&RealDisk, dir.path()).unwrap(), Election::default());
    let election = Election {
        epoch: Epoch(7),
        leader: Some(NodeId(1)),
        voted: Some(ReplicaKey { id: NodeId(1), directory: None }),
    };
    for version in [0, 1] {
        let voters = [NodeId(1)].into_iter();
        state::store(&RealDisk, dir.path(), &election, version, voters).unwrap();
        assert_eq!(state::load(&RealDisk, dir.path()).unwrap(), election);
    }
}

#[test]
fn a_bootstrap_checkpoint_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let records = bootstrap_records(MetadataVersion::LATEST_PRODUCTION);
    assert_eq!(read_bootstrap(&RealDisk, dir.path()).unwrap(), []);
    write_bootstrap(&RealDisk, dir.path(), records.clone()).unwrap();
    assert_eq!(read_bootstrap(&RealDisk, dir.path()).unwrap(), records);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dynamic_quorum_of_one_starts_from_its_formatted_voters() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, path) = real(&dir);
    let mut dynamic = options(Arc::clone(&disk), &path);
    dynamic.static_voters = VoterSet::default();
    let voter = Voter {
        key: dynamic.quorum.key(),
        endpoints: dynamic.quorum.endpoints.clone(),
        kraft_version_min: 0,
        kraft_version_max: 1,
    };
    write_voters(disk.as_ref(), &path, VoterSet::new([voter.clone()])).unwrap();
    let running = Running::start(dynamic, 1).await;
    let view = running.link.describe_quorum().await.unwrap();
    assert_eq!(view.nodes, [voter]);
    running.stop().await;
    let state = std::fs::read_to_string(path.join(METADATA_DIR).join("quorum-state")).unwrap();
    assert!(state.contains("\"data_version\":1"), "{state}");
}
