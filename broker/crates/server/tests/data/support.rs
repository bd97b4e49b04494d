//! A broker of one topic without a controller, and a client that speaks any version.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use barnabas_metadata::Image;
use barnabas_metadata::image::{Delta, Provenance};
use barnabas_metadata::record::{
    BrokerEndpoint, ConfigRecord, MetadataRecord, PartitionRecord, RegisterBrokerRecord,
    TopicRecord,
};
use barnabas_records::{BatchBuilder, BatchOptions};
use barnabas_server::net::{Limits, ListenerConfig, ListenerRole, SocketBuffers, TcpNetwork, bind};
use barnabas_server::node::{Identity, NodeParts};
use barnabas_server::partition::{Intervals, LogDir, expire_waiters, maintain};
use barnabas_server::peer::TcpDialer;
use barnabas_server::{Clock, Node, SystemClock};
use barnabas_storage::RealDisk;
use barnabas_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
use barnabas_wire::api::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, TopicProduceData,
};
use barnabas_wire::{Decoder, Message, Request, ResponseHeader, Uuid, encode_request};
use bytes::Bytes;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

pub const TOPIC: &str = "topic";
pub const TOPIC_ID: Uuid = Uuid([9; 16]);
const BROKER: i32 = 1;

/// A broker that leads all partitions of [`TOPIC`].
pub struct Server {
    pub node: Arc<Node>,
    pub clock: Arc<SystemClock>,
    address: SocketAddr,
    _stop: watch::Sender<bool>,
    _dir: TempDir,
}

impl Server {
    pub async fn start(partitions: i32, configs: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock::default());
        let log_dir = LogDir::open(Arc::new(RealDisk), dir.path(), Uuid([7; 16]), 1).unwrap();
        let log_dir = Arc::new(log_dir);
        let node = Arc::new(Node::new(NodeParts {
            identity: Identity { node_id: BROKER, cluster_id: "test".into() },
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            limits: Limits::default(),
            properties: Arc::new(BTreeMap::new()),
            dirs: vec![Arc::clone(&log_dir)],
            absent_dirs: Vec::new(),
            replica_lag_time_max_ms: 30_000,
            fetch_session_slots: 10,
            dialer: Arc::new(TcpDialer),
        }));
        publish(&node, partitions, configs).await;
        let waiters = Arc::clone(&node.partitions.waiters);
        tokio::spawn(expire_waiters(waiters, Arc::clone(&node.clock)));
        tokio::spawn(maintain(Arc::clone(&node.partitions), log_dir, Intervals::default()));
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
        let address = bound.address();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(bound.listen().unwrap().run(Arc::clone(&node), stopped));
        Self { node, clock, address, _stop: stop, _dir: dir }
    }

    pub async fn connect(&self) -> Client {
        Client { stream: TcpStream::connect(self.address).await.unwrap(), correlation_id: 0 }
    }
}

async fn publish(node: &Node, partitions: i32, configs: &[(&str, &str)]) {
    let mut records: Vec<MetadataRecord> = vec![
        RegisterBrokerRecord {
            broker_id: BROKER,
            broker_epoch: 1,
            end_points: vec![BrokerEndpoint {
                name: "PLAINTEXT".into(),
                host: "127.0.0.1".into(),
                port: 9092,
                security_protocol: 0,
            }],
            fenced: false,
            ..RegisterBrokerRecord::default()
        }
        .into(),
        TopicRecord { name: TOPIC.into(), topic_id: TOPIC_ID }.into(),
    ];
    records.extend((0..partitions).map(|partition_id| {
        MetadataRecord::Partition(PartitionRecord {
            partition_id,
            topic_id: TOPIC_ID,
            replicas: vec![BROKER],
            isr: vec![BROKER],
            leader: BROKER,
            leader_epoch: 0,
            partition_epoch: 0,
            ..PartitionRecord::default()
        })
    }));
    records.extend(configs.iter().map(|(name, value)| {
        MetadataRecord::Config(ConfigRecord {
            resource_type: 2,
            resource_name: TOPIC.into(),
            name: (*name).into(),
            value: Some((*value).into()),
        })
    }));
    let mut delta = Delta::new(&Image::default());
    for record in &records {
        delta.replay(record).unwrap();
    }
    let provenance = Provenance { offset: 1, epoch: 1, last_contained_log_timestamp: 0 };
    let (image, changes) = delta.finish(provenance);
    node.partitions.apply(&image, &changes).await;
    node.image.store(Arc::new(image));
}

/// A connection.
pub struct Client {
    stream: TcpStream,
    correlation_id: i32,
}

impl Client {
    pub async fn ask<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        self.send(version, request).await;
        self.receive::<R>(version, self.correlation_id).await
    }

    /// Sends a request without waiting; returns its correlation id.
    pub async fn send<R: Request>(&mut self, version: i16, request: &R) -> i32 {
        self.correlation_id += 1;
        let frame = encode_request(version, self.correlation_id, Some("test"), request).unwrap();
        self.stream.write_all(&frame.bytes).await.unwrap();
        self.correlation_id
    }

    pub async fn receive<R: Request>(&mut self, version: i16, id: i32) -> R::Response {
        let size = self.stream.read_i32().await.unwrap();
        let mut frame = vec![0; usize::try_from(size).unwrap()];
        self.stream.read_exact(&mut frame).await.unwrap();
        let mut decoder = Decoder::new(frame.into());
        let header = ResponseHeader::decode(&mut decoder, R::KEY, version).unwrap();
        assert_eq!(header.correlation_id, id);
        R::Response::decode(&mut decoder, version).unwrap()
    }

    /// Hangs up without a word.
    pub fn reset(self) {
        drop(self.stream);
    }

    pub async fn produce(&mut self, partition: i32, records: Bytes) -> PartitionProduceResponse {
        let response = self.ask(9, &produce(partition, records)).await;
        response.responses[0].partition_responses[0].clone()
    }
}

pub fn produce(index: i32, records: Bytes) -> ProduceRequest {
    ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![TopicProduceData {
            name: TOPIC.into(),
            topic_id: TOPIC_ID,
            partition_data: vec![PartitionProduceData { index, records: Some(records) }],
        }],
        ..ProduceRequest::default()
    }
}

/// A fetch of partitions from offsets, by topic id, without a session.
pub fn fetch(partitions: &[(i32, i64)], min_bytes: i32, max_wait_ms: i32) -> FetchRequest {
    let partitions = partitions.iter().map(|(partition, fetch_offset)| FetchPartition {
        partition: *partition,
        fetch_offset: *fetch_offset,
        partition_max_bytes: 1 << 20,
        ..FetchPartition::default()
    });
    FetchRequest {
        max_wait_ms,
        min_bytes,
        session_epoch: -1,
        topics: vec![FetchTopic {
            topic: TOPIC.into(),
            topic_id: TOPIC_ID,
            partitions: partitions.collect(),
        }],
        ..FetchRequest::default()
    }
}

/// A batch of records with these values, stamped `timestamp_ms`.
pub fn batch(options: BatchOptions, timestamp_ms: i64, values: &[&[u8]]) -> Bytes {
    let mut builder = BatchBuilder::new(options);
    for value in values {
        builder.append(timestamp_ms, Some(b"key"), Some(value));
    }
    builder.build().to_bytes()
}
