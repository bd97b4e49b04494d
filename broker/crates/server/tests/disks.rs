//! A broker with several log directories, of which some fail or are full.

#![allow(clippy::unwrap_used, reason = "a broken test must stop")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use barnabas_controller::{Request, Response};
use barnabas_records::{BatchBuilder, BatchOptions};
use barnabas_server::lifecycle::{self, Lifecycle, LifecycleOptions, Registration};
use barnabas_server::node::{Identity, NodeParts};
use barnabas_server::partition::{
    Fault, Intervals, LogDir, Loss, MoveError, Produced, Read, ReadKind, Replica, Wanted, maintain,
};
use barnabas_server::peer::TcpDialer;
use barnabas_server::raft::{self, MetadataOptions};
use barnabas_server::{Clock, Node, SystemClock};
use barnabas_storage::directory::TopicPartition;
use barnabas_storage::disk::{CrashKind, Fault as DiskFault, FaultKind};
use barnabas_storage::{Disk, SimDisk};
use barnabas_wire::api::broker_registration::Listener;
use barnabas_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use barnabas_wire::{ErrorCode, Uuid};

const DIRS: [&str; 2] = ["/a", "/b"];

fn id(index: usize) -> Uuid {
    Uuid([u8::try_from(index).unwrap() + 7; 16])
}

struct Broker {
    node: Arc<Node>,
    disk: SimDisk,
    lifecycle: Lifecycle,
}

impl Broker {
    async fn start(disk: SimDisk) -> Self {
        Self::start_on(disk, &DIRS).await
    }

    /// With some of the directories only.
    async fn start_on(disk: SimDisk, paths: &[&str]) -> Self {
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let mut dirs = Vec::new();
        let mut absent = Vec::new();
        for (index, path) in paths.iter().enumerate() {
            let path = Path::new(path);
            let opened = shared
                .create_dir(path)
                .map_err(Into::into)
                .and_then(|()| LogDir::open(Arc::clone(&shared), path, id(index), 1));
            match opened {
                Ok(dir) => dirs.push(Arc::new(dir)),
                Err(_) => absent.push(path.to_path_buf()),
            }
        }
        let log_dirs = dirs.iter().map(|dir| dir.id).collect();
        let epoch = |dir: &Arc<LogDir>| dir.clean_shutdown().and_then(|marker| marker.broker_epoch);
        let previous = dirs.first().and_then(epoch).unwrap_or(-1);
        let node = Arc::new(Node::new(NodeParts {
            identity: Identity { node_id: 1, cluster_id: "cluster".into() },
            clock: Arc::clone(&clock),
            limits: barnabas_server::net::Limits::default(),
            properties: Arc::new(BTreeMap::new()),
            dirs,
            absent_dirs: absent,
            replica_lag_time_max_ms: 30_000,
            fetch_session_slots: 10,
            dialer: Arc::new(TcpDialer),
        }));
        for dir in node.partitions.dirs() {
            let partitions = Arc::clone(&node.partitions);
            tokio::spawn(maintain(partitions, Arc::clone(dir), Intervals::default()));
        }
        let options = LifecycleOptions {
            registration: Some(registration(log_dirs, previous)),
            controller_listeners: Vec::new(),
            inter_broker_listener: String::new(),
            silence_timeout: Duration::from_millis(2_500),
            heartbeat_interval: Duration::from_secs(60),
            registration_timeout: Duration::from_secs(10),
            controlled_shutdown: true,
            health: Arc::clone(&node.health),
        };
        let thread =
            raft::start(MetadataOptions::alone(shared, clock, "/metadata".into(), id(0))).unwrap();
        let joining = lifecycle::start(Arc::clone(&node), thread, options).await.unwrap();
        let lifecycle = joining.enter().await.unwrap();
        Self { node, disk, lifecycle }
    }

    async fn create(&self, name: &str, num_partitions: i32) {
        let topics = vec![CreatableTopic {
            name: name.into(),
            num_partitions,
            replication_factor: 1,
            ..CreatableTopic::default()
        }];
        let request = CreateTopicsRequest { topics, timeout_ms: 0, validate_only: false };
        match self.node.ask_controller(Request::CreateTopics(request)).await.unwrap() {
            Response::CreateTopics(response) => {
                assert_eq!(response.topics[0].error_code, ErrorCode::NONE);
            }
            other => panic!("{other:?}"),
        }
    }

    /// A partition in the directory.
    fn in_dir(&self, path: &str) -> Arc<Replica> {
        let all = self.node.partitions.all();
        all.into_iter().find(|replica| replica.dir().path == Path::new(path)).unwrap()
    }

    fn produce(&self, replica: &Replica) -> Result<Produced, Fault> {
        let mut builder = BatchBuilder::new(BatchOptions::default());
        builder.append(self.node.clock.wall_ms(), None, Some(&[7; 1000]));
        let records = builder.build().to_bytes();
        replica.produce(&records, false, true, self.node.clock.as_ref())
    }

    fn read(replica: &Replica) -> Result<Read, Fault> {
        replica.read(&Wanted {
            leader_only: true,
            offset: 0,
            max_bytes: 1 << 20,
            min_one: true,
            kind: ReadKind::Uncommitted,
            current_leader_epoch: -1,
            last_fetched_epoch: -1,
        })
    }

    /// Waits until the image says so.
    async fn until(&self, what: impl Fn(&barnabas_metadata::Image) -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while !what(&self.node.image.load()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        waited.await.unwrap();
    }

    fn fail(&self, operation: &'static str, path: &'static str) {
        let kind = FaultKind::Io;
        self.disk.inject(DiskFault { operation, path, after: 0, times: u64::MAX, kind });
    }

    async fn stop(mut self) {
        self.lifecycle.leave().await;
        let epoch = self.lifecycle.broker_epoch();
        self.lifecycle.stop().await;
        self.node.partitions.close(epoch).await.unwrap();
    }
}

fn registration(log_dirs: Vec<Uuid>, previous_broker_epoch: i64) -> Registration {
    Registration {
        broker_id: 1,
        cluster_id: "cluster".into(),
        listeners: vec![Listener {
            name: "PLAINTEXT".into(),
            host: "127.0.0.1".into(),
            port: 9092,
            security_protocol: 0,
        }],
        rack: None,
        log_dirs,
        previous_broker_epoch,
    }
}

fn code<T>(result: Result<T, Fault>) -> ErrorCode {
    result.err().map_or(ErrorCode::NONE, |fault| fault.code())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_directory_takes_its_partitions_and_nothing_else() {
    let broker = Broker::start(SimDisk::new(1)).await;
    broker.create("t", 4).await;
    let (bad, good) = (broker.in_dir("/a"), broker.in_dir("/b"));
    broker.produce(&bad).unwrap();
    broker.produce(&good).unwrap();
    broker.fail("write", "/a/");
    assert_eq!(code(broker.produce(&bad)), ErrorCode::KAFKA_STORAGE_ERROR);
    assert_eq!(code(Broker::read(&bad)), ErrorCode::KAFKA_STORAGE_ERROR);
    broker.disk.heal();
    let still = broker.produce(&bad);
    assert!(matches!(still, Err(Fault::Offline)), "until the next start");
    broker.produce(&good).unwrap();
    assert!(Broker::read(&good).unwrap().range.is_some());
    assert_eq!(broker.node.partitions.offline_dir_count(), 1);
    // Told at once, not with the next heartbeat a minute later.
    broker.until(|image| image.cluster.broker(1).unwrap().log_dirs == [id(1)]).await;
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_sync_is_not_tried_again() {
    let broker = Broker::start(SimDisk::new(1)).await;
    broker.create("t", 4).await;
    let bad = broker.in_dir("/b");
    let produced = broker.produce(&bad).unwrap();
    broker.fail("sync", "/b/");
    assert!(!bad.dir().flush(bad.key, produced.info.log_end_offset).await);
    broker.disk.heal();
    bad.dir().offline().await;
    assert!(matches!(broker.produce(&bad), Err(Fault::Offline)));
    assert_eq!(bad.log.recovery_point(), 0);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_and_the_metadata_directory_are_not_done_without() {
    let broker = Broker::start(SimDisk::new(1)).await;
    broker.create("t", 4).await;
    let soon = Duration::from_secs(10);
    broker.fail("write", "/a/");
    assert!(broker.produce(&broker.in_dir("/a")).is_err());
    let partitions = &broker.node.partitions;
    assert_eq!(partitions.lost(Path::new("/a"), soon).await, Loss::Metadata("/a".into()));
    let never = tokio::time::timeout(
        Duration::from_millis(200),
        partitions.lost(Path::new("/metadata"), soon),
    );
    assert!(never.await.is_err(), "one is left, and the controller knows");
    broker.fail("write", "/b/");
    assert!(broker.produce(&broker.in_dir("/b")).is_err());
    assert_eq!(partitions.lost(Path::new("/metadata"), soon).await, Loss::All);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_volume_refuses_records_until_there_is_space() {
    let broker = Broker::start(SimDisk::new(1)).await;
    broker.create("t", 4).await;
    let replica = broker.in_dir("/a");
    broker.disk.limit_capacity(400_000);
    let mut accepted = 0;
    let refused = loop {
        match broker.produce(&replica) {
            Ok(_) => accepted += 1,
            Err(fault) => break fault,
        }
    };
    assert!(matches!(refused, Fault::NoSpace), "{refused}");
    assert_eq!(refused.code(), ErrorCode::KAFKA_STORAGE_ERROR);
    assert!(replica.dir().is_full() && !replica.is_offline());
    assert!(Broker::read(&replica).unwrap().range.is_some());
    // The metadata has its reserve.
    broker.create("more", 2).await;
    broker.disk.limit_capacity(1 << 30);
    broker.produce(&replica).unwrap();
    assert!(!replica.dir().is_full());
    assert_eq!(replica.log.end_offset(), accepted + 1);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_synced_for_want_of_space_is_synced_later() {
    let broker = Broker::start(SimDisk::new(1)).await;
    broker.create("t", 2).await;
    let replica = broker.in_dir("/a");
    let kind = FaultKind::Full;
    let (operation, path) = ("write", "index");
    broker.disk.inject(DiskFault { operation, path, after: 0, times: u64::MAX, kind });
    for _ in 0..20 {
        broker.produce(&replica).unwrap();
    }
    assert!(!replica.dir().flush(replica.key, 20).await);
    assert!(replica.log.recovery_point() < 20 && !replica.is_offline());
    broker.disk.heal();
    // Nobody asks again.
    broker.until(|_| replica.log.recovery_point() == 20).await;
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_found_no_space_is_opened_when_there_is_some() {
    let broker = Broker::start(SimDisk::new(1)).await;
    let kind = FaultKind::Full;
    for path in ["/a/t-", "/b/t-"] {
        broker.disk.inject(DiskFault { operation: "create", path, after: 0, times: 8, kind });
    }
    broker.create("t", 2).await;
    assert!(broker.node.partitions.all().is_empty());
    broker.disk.heal();
    broker.until(|_| broker.node.partitions.all().len() == 2).await;
    for replica in broker.node.partitions.all() {
        broker.produce(&replica).unwrap();
    }
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_controller_learns_where_replicas_are() {
    let broker = Broker::start(SimDisk::new(1)).await;
    broker.create("t", 4).await;
    for replica in broker.node.partitions.all() {
        let dir = replica.dir().id;
        broker.until(|image| assigned(image, replica.key.partition) == Some(dir)).await;
    }
    let count = |path| {
        let all = broker.node.partitions.all();
        all.iter().filter(|replica| replica.dir().path == Path::new(path)).count()
    };
    assert_eq!((count("/a"), count("/b")), (2, 2));
    broker.stop().await;
}

fn assigned(image: &barnabas_metadata::Image, partition: i32) -> Option<Uuid> {
    image.topics.by_name("t")?.partition(partition)?.directory(1)
}

fn partition_of(replica: &Replica) -> TopicPartition {
    replica.log.partition().clone()
}

impl Broker {
    fn move_to(&self, replica: &Arc<Replica>, path: &str) -> Result<(), MoveError> {
        let partitions = &self.node.partitions;
        partitions.move_replica(&partition_of(replica), Some(Arc::clone(replica)), Path::new(path))
    }

    async fn until_moved(&self, replica: &Replica, path: &str) {
        self.until(|_| {
            replica.dir().path == Path::new(path) && self.node.partitions.moving().is_empty()
        })
        .await;
    }

    /// Directories whose names begin like the partition's.
    fn directories(&self, path: &str, replica: &Replica) -> Vec<String> {
        let name = partition_of(replica).directory();
        let entries = self.disk.list(Path::new(path)).unwrap();
        entries.into_iter().map(|e| e.name).filter(|found| found.starts_with(&name)).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_moves_to_another_directory_while_it_is_written() {
    let broker = Broker::start(SimDisk::new(1)).await;
    broker.create("t", 2).await;
    let replica = broker.in_dir("/a");
    for _ in 0..50 {
        broker.produce(&replica).unwrap();
    }
    assert_eq!(broker.move_to(&replica, "/a"), Ok(()));
    assert_eq!(broker.move_to(&replica, "/c"), Err(MoveError::NoSuchDir));
    assert_eq!(broker.move_to(&replica, "/b"), Ok(()));
    let mut written = 50;
    while replica.dir().path == Path::new("/a") {
        broker.produce(&replica).unwrap();
        written += 1;
        tokio::task::yield_now().await;
    }
    broker.until_moved(&replica, "/b").await;
    broker.produce(&replica).unwrap();
    written += 1;
    assert_eq!(replica.log.end_offset(), written);
    assert_eq!(assigned(&broker.node.image.load(), replica.key.partition), Some(id(1)));
    assert_eq!(broker.directories("/b", &replica), [partition_of(&replica).directory()]);
    assert_eq!(broker.directories("/a", &replica), Vec::<String>::new());
    let (disk, key) = (broker.disk.clone(), replica.key);
    drop(replica);
    broker.stop().await;
    let broker = Broker::start(disk.restart(CrashKind::Power, 1)).await;
    let replica = broker.node.partitions.get(&key).unwrap();
    assert_eq!(replica.dir().path, Path::new("/b"));
    assert_eq!(replica.log.end_offset(), written);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_a_crash_interrupted_goes_on() {
    let broker = Broker::start(SimDisk::new(1)).await;
    broker.create("t", 2).await;
    let replica = broker.in_dir("/a");
    for _ in 0..20 {
        broker.produce(&replica).unwrap();
    }
    let name = format!("{}.{:032x}-future", partition_of(&replica).directory(), 7);
    let (disk, key) = (broker.disk.clone(), replica.key);
    drop(replica);
    broker.stop().await;
    disk.create_dir(&Path::new("/b").join(name)).unwrap();
    let broker = Broker::start(disk.restart(CrashKind::Kill, 1)).await;
    let replica = broker.node.partitions.get(&key).unwrap();
    broker.until_moved(&replica, "/b").await;
    assert_eq!(replica.log.end_offset(), 20);
    assert!(Broker::read(&replica).unwrap().range.is_some());
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_in_an_absent_directory_is_not_made_anew() {
    let broker = Broker::start(SimDisk::new(1)).await;
    broker.create("t", 4).await;
    let (lost, kept) = (broker.in_dir("/b"), broker.in_dir("/a"));
    broker.produce(&lost).unwrap();
    let (lost, kept) = (lost.key, kept.key);
    let disk = broker.disk.clone();
    broker.stop().await;
    let disk = disk.restart(CrashKind::Kill, 1);
    let kind = FaultKind::Io;
    disk.inject(DiskFault { operation: "list", path: "/b", after: 0, times: u64::MAX, kind });
    let broker = Broker::start(disk.clone()).await;
    assert_eq!(broker.node.partitions.offline_dir_count(), 1);
    assert!(broker.node.partitions.get(&lost).is_none());
    assert!(broker.node.partitions.get(&kept).is_some());
    broker.stop().await;
    disk.heal();
    let broker = Broker::start(disk.restart(CrashKind::Kill, 1)).await;
    assert_eq!(broker.node.partitions.get(&lost).unwrap().log.end_offset(), 1);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_copy_waits_for_the_directory_that_was_taken_away() {
    let broker = Broker::start(SimDisk::new(1)).await;
    broker.create("t", 2).await;
    let replica = broker.in_dir("/b");
    broker.produce(&replica).unwrap();
    let key = replica.key;
    broker.until(|image| assigned(image, key.partition) == Some(id(1))).await;
    drop(replica);
    let disk = broker.disk.clone();
    broker.stop().await;
    let broker = Broker::start_on(disk.restart(CrashKind::Kill, 1), &["/a"]).await;
    // Longer than the pause before partitions that could not be opened are tried again.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(broker.node.partitions.get(&key).is_none());
    let leader = |image: &barnabas_metadata::Image, partition| {
        image.topics.by_name("t").unwrap().partition(partition).unwrap().leader
    };
    assert_eq!(leader(&broker.node.image.load(), key.partition), -1);
    assert_eq!(leader(&broker.node.image.load(), 1 - key.partition), 1);
    let disk = broker.disk.clone();
    broker.stop().await;
    let broker = Broker::start(disk.restart(CrashKind::Kill, 1)).await;
    assert_eq!(broker.node.partitions.get(&key).unwrap().log.end_offset(), 1);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_directories_of_a_partition_the_assigned_one_counts() {
    let broker = Broker::start(SimDisk::new(1)).await;
    broker.create("t", 2).await;
    let replica = broker.in_dir("/b");
    broker.produce(&replica).unwrap();
    let (key, name) = (replica.key, partition_of(&replica).directory());
    broker.until(|image| assigned(image, key.partition) == Some(id(1))).await;
    drop(replica);
    let disk = broker.disk.clone();
    broker.stop().await;
    disk.create_dir(&Path::new("/a").join(&name)).unwrap();
    let broker = Broker::start(disk.restart(CrashKind::Kill, 1)).await;
    let replica = broker.node.partitions.get(&key).unwrap();
    assert_eq!((replica.dir().id, replica.log.end_offset()), (id(1), 1));
    let other = broker.directories("/a", &replica);
    assert!(other.len() == 1 && other[0].ends_with("-stray"), "{other:?}");
    broker.stop().await;
}
