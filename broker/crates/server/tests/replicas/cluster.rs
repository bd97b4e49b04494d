//! Brokers 0, 1 and 2, each of a rack of its own, and a topic of one partition.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use barnabas_controller::{Request, Response};
use barnabas_metadata::Image;
use barnabas_metadata::image::{Changes, Delta, PartitionImage, Provenance};
use barnabas_metadata::record::{
    BrokerEndpoint, ConfigRecord, MetadataRecord, PartitionChangeRecord, PartitionRecord,
    RegisterBrokerRecord, TopicRecord,
};
use barnabas_quorum::QuorumView;
use barnabas_records::{BatchBuilder, BatchOptions};
use barnabas_server::controller_link::{ControllerLink, ControllerUnavailable, QuorumState};
use barnabas_server::net::{Limits, ListenerConfig, ListenerRole, SocketBuffers, TcpNetwork, bind};
use barnabas_server::node::{Identity, NodeParts};
use barnabas_server::partition::{LogDir, PartitionKey, Replica, expire_waiters};
use barnabas_server::peer::{PeerAddress, Peers, TcpDialer};
use barnabas_server::replica::replicate;
use barnabas_server::{Clock, Node, SystemClock};
use barnabas_storage::{ReadRequest, RealDisk};
use barnabas_wire::api::alter_partition::{
    AlterPartitionRequest, AlterPartitionResponse, ResponsePartitionData, ResponseTopicData,
};
use barnabas_wire::api::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, TopicProduceData,
};
use barnabas_wire::{Request as WireRequest, Uuid, VersionRange};
use bytes::Bytes;
use futures::future::BoxFuture;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub const TOPIC: &str = "topic";
pub const TOPIC_ID: Uuid = Uuid([9; 16]);
pub const KEY: PartitionKey = PartitionKey { topic: TOPIC_ID, partition: 0 };
const NODES: i32 = 3;
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Cluster {
    image: tokio::sync::Mutex<Image>,
    nodes: Mutex<Vec<Running>>,
    peers: Peers,
    dirs: Vec<TempDir>,
}

struct Running {
    node: Arc<Node>,
    port: u16,
    replication: Option<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Cluster {
    /// Three brokers; broker 0 leads with all in sync.
    pub async fn start(configs: &[(&str, &str)]) -> Arc<Self> {
        Self::start_with(configs, &[]).await
    }

    /// As [`Cluster::start`], with properties of the brokers.
    pub async fn start_with(configs: &[(&str, &str)], properties: &[(&str, &str)]) -> Arc<Self> {
        let dirs: Vec<TempDir> = (0..NODES).map(|_| tempfile::tempdir().unwrap()).collect();
        let cluster = Arc::new(Self {
            image: tokio::sync::Mutex::default(),
            nodes: Mutex::default(),
            peers: Peers::new(Arc::new(TcpDialer), "test".into()),
            dirs,
        });
        let owned = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
        };
        let properties = Arc::new(owned(properties));
        for id in 0..NODES {
            let running = cluster.run(id, Arc::clone(&properties));
            cluster.nodes.lock().unwrap().push(running);
        }
        let mut records: Vec<MetadataRecord> =
            (0..NODES).map(|id| cluster.registration(id).into()).collect();
        records.extend(topic(configs));
        cluster.publish(&records).await;
        for id in 0..NODES {
            cluster.node(id).broker_epoch.send_replace(broker_epoch(id));
        }
        cluster
    }

    fn run(self: &Arc<Self>, id: i32, properties: Arc<BTreeMap<String, String>>) -> Running {
        let path: PathBuf = self.dirs[id as usize].path().into();
        let log_dir = LogDir::open(Arc::new(RealDisk), &path, Uuid([id as u8 + 1; 16]), 1).unwrap();
        let node = Arc::new(Node::new(NodeParts {
            identity: Identity { node_id: id, cluster_id: "test".into() },
            clock: Arc::new(SystemClock::default()) as Arc<dyn Clock>,
            limits: Limits::default(),
            properties,
            dirs: vec![Arc::new(log_dir)],
            absent_dirs: Vec::new(),
            replica_lag_time_max_ms: 30_000,
            fetch_session_slots: 10,
            dialer: Arc::new(TcpDialer),
        }));
        let _ = node.controller.set(Arc::new(Controller(Arc::downgrade(self))));
        let waiters = Arc::clone(&node.partitions.waiters);
        tokio::spawn(expire_waiters(waiters, Arc::clone(&node.clock)));
        let bound = bind(
            &TcpNetwork,
            ListenerConfig {
                name: "PLAINTEXT".into(),
                address: "127.0.0.1:0".parse().unwrap(),
                role: ListenerRole::Broker,
                buffers: SocketBuffers::default(),
            },
        )
        .unwrap();
        let port = bound.address().port();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(bound.listen().unwrap().run(Arc::clone(&node), stopped));
        let replication = Some(tokio::spawn(replicate(Arc::clone(&node))));
        Running { node, port, replication, stop }
    }

    pub fn node(&self, id: i32) -> Arc<Node> {
        Arc::clone(&self.nodes.lock().unwrap()[id as usize].node)
    }

    pub fn replica(&self, id: i32) -> Arc<Replica> {
        self.node(id).partitions.get(&KEY).unwrap()
    }

    /// The broker neither fetches nor asks the controller any more, as one that is suspended.
    pub async fn suspend(&self, id: i32) {
        let handle = self.nodes.lock().unwrap()[id as usize].replication.take();
        let handle = handle.expect("it runs");
        handle.abort();
        let _ = handle.await;
    }

    /// It goes on, from what it has in memory.
    pub fn resume(&self, id: i32) {
        let running = &mut self.nodes.lock().unwrap()[id as usize];
        running.replication = Some(tokio::spawn(replicate(Arc::clone(&running.node))));
    }

    /// Commits records, and has every broker apply them.
    pub async fn publish(&self, records: &[MetadataRecord]) -> Image {
        let mut current = self.image.lock().await;
        let mut delta = Delta::new(&current);
        for record in records {
            delta.replay(record).unwrap();
        }
        let offset = current.provenance.offset + 1;
        let provenance = Provenance { offset, epoch: 1, last_contained_log_timestamp: 0 };
        let (image, changes) = delta.finish(provenance);
        *current = image.clone();
        for id in 0..NODES {
            apply(&self.node(id), &image, &changes).await;
        }
        image
    }

    /// Elects a leader; the others of `isr` stay in sync.
    pub async fn elect(&self, leader: i32, isr: &[i32]) {
        self.publish(&[change(Some(leader), Some(isr)).into()]).await;
    }

    pub async fn partition(&self) -> Arc<PartitionImage> {
        let image = self.image.lock().await;
        Arc::clone(image.topics.by_id(TOPIC_ID).unwrap().partition(0).unwrap())
    }

    pub async fn call<R>(&self, id: i32, version: i16, request: R) -> R::Response
    where
        R: WireRequest + Send + 'static,
    {
        let port = self.nodes.lock().unwrap()[id as usize].port;
        let to = PeerAddress { id, host: "127.0.0.1".into(), port };
        let versions = VersionRange { min: version, max: version };
        self.peers.call_in(&to, versions, request, PATIENCE).await.unwrap()
    }

    pub async fn produce(&self, id: i32, acks: i16, records: Bytes) -> PartitionProduceResponse {
        let request = ProduceRequest {
            acks,
            timeout_ms: 20_000,
            topic_data: vec![TopicProduceData {
                name: TOPIC.into(),
                topic_id: TOPIC_ID,
                partition_data: vec![PartitionProduceData { index: 0, records: Some(records) }],
            }],
            ..ProduceRequest::default()
        };
        let response = self.call(id, 9, request).await;
        response.responses[0].partition_responses[0].clone()
    }

    /// Waits until it is so.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let waited = async {
            while !is_so(self) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, waited).await.is_ok(), "never: {what}");
    }

    /// Waits until the ISR is as given.
    pub async fn until_isr(&self, isr: &[i32]) {
        let waited = async {
            while self.partition().await.isr != isr {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, waited).await.is_ok(), "never in sync: {isr:?}");
    }

    /// Waits until all logs are the same, to the byte, and end at `end`.
    pub async fn until_same(&self, end: i64) {
        let ends = move |cluster: &Self| {
            (0..NODES).all(|id| {
                let replica = cluster.replica(id);
                replica.log.end_offset() == end && replica.high_watermark() == end
            })
        };
        self.until("the same logs", ends).await;
        let first = self.bytes(0);
        assert!((1..NODES).all(|id| self.bytes(id) == first), "logs differ");
        let epochs = |id| self.replica(id).log.epochs();
        assert!((1..NODES).all(|id| epochs(id) == epochs(0)), "epochs differ");
    }

    fn bytes(&self, id: i32) -> Bytes {
        let log = &self.replica(id).log;
        let (offset, upper) = (log.start_offset(), log.end_offset());
        let all =
            ReadRequest { offset, upper, max_bytes: usize::MAX, min_one: true, aborted: false };
        let found = log.read(&all).unwrap();
        found.range.map_or_else(Bytes::new, |range| range.read().unwrap())
    }

    fn registration(&self, id: i32) -> RegisterBrokerRecord {
        RegisterBrokerRecord {
            broker_id: id,
            broker_epoch: broker_epoch(id),
            end_points: vec![BrokerEndpoint {
                name: "PLAINTEXT".into(),
                host: "127.0.0.1".into(),
                port: self.nodes.lock().unwrap()[id as usize].port,
                security_protocol: 0,
            }],
            rack: Some(format!("rack-{id}")),
            fenced: false,
            ..RegisterBrokerRecord::default()
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for running in self.nodes.get_mut().unwrap() {
            let _ = running.stop.send(true);
            if let Some(replication) = &running.replication {
                replication.abort();
            }
        }
    }
}

fn broker_epoch(id: i32) -> i64 {
    100 + i64::from(id)
}

fn topic(configs: &[(&str, &str)]) -> Vec<MetadataRecord> {
    let mut records: Vec<MetadataRecord> = vec![
        TopicRecord { name: TOPIC.into(), topic_id: TOPIC_ID }.into(),
        PartitionRecord {
            partition_id: 0,
            topic_id: TOPIC_ID,
            replicas: (0..NODES).collect(),
            isr: (0..NODES).collect(),
            leader: 0,
            leader_epoch: 0,
            partition_epoch: 0,
            ..PartitionRecord::default()
        }
        .into(),
    ];
    records.extend(configs.iter().map(|(name, value)| {
        MetadataRecord::Config(ConfigRecord {
            resource_type: 2,
            resource_name: TOPIC.into(),
            name: (*name).into(),
            value: Some((*value).into()),
        })
    }));
    records
}

pub fn change(leader: Option<i32>, isr: Option<&[i32]>) -> PartitionChangeRecord {
    PartitionChangeRecord {
        partition_id: 0,
        topic_id: TOPIC_ID,
        leader: leader.unwrap_or(-2),
        isr: isr.map(<[i32]>::to_vec),
        ..PartitionChangeRecord::default()
    }
}

async fn apply(node: &Arc<Node>, image: &Image, changes: &Changes) {
    node.partitions.apply(image, changes).await;
    node.image.store(Arc::new(image.clone()));
    node.fetchers.apply(&node.partitions, image, changes);
}

/// Commits what the leader of the partition asks for.
#[derive(Debug)]
struct Controller(Weak<Cluster>);

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cluster")
    }
}

impl Controller {
    async fn alter(&self, request: AlterPartitionRequest) -> Option<AlterPartitionResponse> {
        let cluster = self.0.upgrade()?;
        let asked = &request.topics[0].partitions[0];
        let now = cluster.partition().await;
        assert_eq!(now.leader, request.broker_id, "only the leader asks");
        let isr: Vec<i32> =
            asked.new_isr_with_epochs.iter().map(|member| member.broker_id).collect();
        let image = cluster.publish(&[change(None, Some(&isr)).into()]).await;
        let after = image.topics.by_id(TOPIC_ID)?.partition(0)?;
        let partition = ResponsePartitionData {
            leader_id: after.leader,
            leader_epoch: after.leader_epoch,
            isr: after.isr.clone(),
            partition_epoch: after.partition_epoch,
            ..ResponsePartitionData::default()
        };
        let topics = vec![ResponseTopicData { topic_id: TOPIC_ID, partitions: vec![partition] }];
        Some(AlterPartitionResponse { topics, ..AlterPartitionResponse::default() })
    }
}

impl ControllerLink for Controller {
    fn ask(&self, request: Request) -> BoxFuture<'_, Result<Response, ControllerUnavailable>> {
        Box::pin(async move {
            let Request::AlterPartition(request) = request else { panic!("{request:?}") };
            let answer = self.alter(request).await.ok_or(ControllerUnavailable)?;
            Ok(Response::AlterPartition(answer))
        })
    }

    fn describe_quorum(&self) -> BoxFuture<'_, Result<QuorumView, ControllerUnavailable>> {
        Box::pin(std::future::ready(Err(ControllerUnavailable)))
    }

    fn quorum_state(&self) -> QuorumState {
        QuorumState::default()
    }

    fn peer(
        &self,
        _: barnabas_quorum::Request,
    ) -> BoxFuture<'_, Result<barnabas_quorum::Response, ControllerUnavailable>> {
        Box::pin(std::future::ready(Err(ControllerUnavailable)))
    }
}

/// A batch of one record.
pub fn batch(value: &[u8]) -> Bytes {
    batch_with(BatchOptions::default(), value)
}

pub fn batch_with(options: BatchOptions, value: &[u8]) -> Bytes {
    static NOW: OnceLock<i64> = OnceLock::new();
    let now = *NOW.get_or_init(|| SystemClock::default().wall_ms());
    let mut builder = BatchBuilder::new(options);
    builder.append(now, Some(b"key"), Some(value));
    builder.build().to_bytes()
}
