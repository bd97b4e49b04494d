//! A broker without listeners and controller: its metadata is given to it, requests are frames.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use barnabas_metadata::image::{Delta, Provenance};
use barnabas_metadata::record::{
    BrokerEndpoint, MetadataRecord, PartitionChangeRecord, PartitionRecord, RegisterBrokerRecord,
    RemoveTopicRecord, TopicRecord,
};
use barnabas_server::access::Principal;
use barnabas_server::coordinator::OFFSETS_TOPIC;
use barnabas_server::net::{ConnectionContext, Limits, ListenerRole};
use barnabas_server::node::{Identity, NodeParts};
use barnabas_server::partition::LogDir;
use barnabas_server::peer::TcpDialer;
use barnabas_server::{Node, SystemClock, api};
use barnabas_storage::disk::CrashKind;
use barnabas_storage::{Disk, SimDisk};
use barnabas_wire::{Decoder, Message, Request, ResponseHeader, Uuid, encode_request};

pub const NODE: i32 = 1;
pub const OTHER_NODE: i32 = 2;
pub const TOPIC: &str = "t";
pub const TOPIC_ID: Uuid = Uuid([7; 16]);
const OFFSETS_ID: Uuid = Uuid([8; 16]);
const DIR_ID: Uuid = Uuid([9; 16]);

/// Properties that make groups quick.
const QUICK: [(&str, &str); 3] = [
    ("group.initial.rebalance.delay.ms", "0"),
    ("group.min.session.timeout.ms", "50"),
    ("offsets.commit.timeout.ms", "100"),
];

pub struct Broker {
    pub node: Arc<Node>,
    disk: SimDisk,
    connection: Arc<ConnectionContext>,
    metadata: Mutex<Vec<MetadataRecord>>,
    timers: tokio::task::JoinHandle<()>,
}

impl Broker {
    /// A broker on an empty disk that leads all of `__consumer_offsets` alone.
    pub async fn start() -> Self {
        Self::with(vec![NODE]).await
    }

    /// One whose `__consumer_offsets` has these replicas; the first leads, all are in sync.
    pub async fn with(replicas: Vec<i32>) -> Self {
        let mut records = vec![register(NODE), register(OTHER_NODE)];
        records.extend(topic(TOPIC, TOPIC_ID, 2, &[NODE]));
        records.extend(topic(OFFSETS_TOPIC, OFFSETS_ID, 4, &replicas));
        Self::on(SimDisk::new(1), records).await
    }

    /// One that knows no `__consumer_offsets` yet.
    pub async fn without_offsets_topic() -> Self {
        Self::on(SimDisk::new(1), vec![register(NODE)]).await
    }

    async fn on(disk: SimDisk, records: Vec<MetadataRecord>) -> Self {
        disk.create_dir(Path::new("/data")).expect("a new directory");
        let dir = LogDir::open(Arc::new(disk.clone()), Path::new("/data"), DIR_ID, 1)
            .expect("the directory opens");
        let file = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let properties: BTreeMap<_, _> = QUICK.into_iter().map(file).collect();
        let node = Arc::new(Node::new(NodeParts {
            identity: Identity { node_id: NODE, cluster_id: "c".into() },
            clock: Arc::new(SystemClock::default()),
            limits: Limits::default(),
            properties: Arc::new(properties),
            dirs: vec![Arc::new(dir)],
            absent_dirs: Vec::new(),
            replica_lag_time_max_ms: 30_000,
            fetch_session_slots: 10,
            dialer: Arc::new(TcpDialer),
        }));
        let timers = tokio::spawn(Arc::clone(&node.groups).run_timers());
        tokio::spawn(barnabas_server::partition::expire_waiters(
            Arc::clone(&node.partitions.waiters),
            Arc::clone(&node.clock),
        ));
        let connection = Arc::new(ConnectionContext {
            listener: "PLAINTEXT".into(),
            role: ListenerRole::Broker,
            peer: SocketAddr::from(([10, 0, 0, 9], 4711)),
            principal: Principal::anonymous(),
        });
        let broker = Self { node, disk, connection, metadata: Mutex::default(), timers };
        broker.apply(records).await;
        broker
    }

    /// What is left after kill -9, started again.
    pub async fn killed(self) -> Self {
        self.timers.abort();
        let disk = self.disk.restart(CrashKind::Kill, 2);
        let metadata = std::mem::take(&mut *self.metadata.lock().expect("not poisoned"));
        Self::on(disk, metadata).await
    }

    /// As [`Self::killed`]; the last record of the metadata comes later than all others.
    pub async fn killed_and_behind(self) -> Self {
        self.timers.abort();
        let disk = self.disk.restart(CrashKind::Kill, 2);
        let mut metadata = std::mem::take(&mut *self.metadata.lock().expect("not poisoned"));
        let newest = metadata.pop().into_iter().collect();
        let broker = Self::on(disk, metadata).await;
        broker.apply(newest).await;
        broker
    }

    /// Publishes more metadata.
    pub async fn apply(&self, records: Vec<MetadataRecord>) {
        let image = self.node.image.load_full();
        let mut delta = Delta::new(&image);
        for record in &records {
            delta.replay(record).expect("the record fits");
        }
        let (image, changes) = delta.finish(Provenance::default());
        let image = Arc::new(image);
        self.node.image.store(Arc::clone(&image));
        self.node.partitions.apply(&image, &changes).await;
        self.node.groups.apply(&image, &changes);
        self.metadata.lock().expect("not poisoned").extend(records);
    }

    /// Makes another broker lead all of `__consumer_offsets`.
    pub async fn lose_leadership(&self) {
        let image = self.node.image.load_full();
        let topic = image.topics.by_name(OFFSETS_TOPIC).expect("known");
        let change = |partition: &i32| {
            MetadataRecord::PartitionChange(PartitionChangeRecord {
                partition_id: *partition,
                topic_id: OFFSETS_ID,
                leader: OTHER_NODE,
                ..PartitionChangeRecord::default()
            })
        };
        let records = topic.partitions.keys().map(change).collect();
        self.apply(records).await;
    }

    pub async fn delete_topic(&self) {
        let topic_id = TOPIC_ID;
        self.apply(vec![MetadataRecord::RemoveTopic(RemoveTopicRecord { topic_id })]).await;
    }

    /// Sends a request as its bytes and reads the answer from its bytes.
    pub async fn ask<R: Request>(&self, version: i16, request: &R) -> R::Response {
        let frame = encode_request(version, 5, Some("app"), request).expect("encodable");
        let pending = api::start(&self.node, &self.connection, frame.bytes.slice(4..))
            .expect("the API is served");
        let answered = pending.await.expect("answerable");
        let outgoing = answered.outgoing.expect("an answer");
        let mut decoder = Decoder::new(outgoing.frame.bytes.slice(4..));
        let header = ResponseHeader::decode(&mut decoder, R::KEY, version).expect("a header");
        assert_eq!(header.correlation_id, 5);
        let response = R::Response::decode(&mut decoder, version).expect("decodable");
        decoder.finish().expect("nothing left over");
        response
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.timers.abort();
    }
}

fn register(broker_id: i32) -> MetadataRecord {
    MetadataRecord::RegisterBroker(RegisterBrokerRecord {
        broker_id,
        incarnation_id: Uuid([1; 16]),
        broker_epoch: 1,
        end_points: vec![BrokerEndpoint {
            name: "PLAINTEXT".into(),
            host: "host".into(),
            port: 9092,
            security_protocol: 0,
        }],
        fenced: false,
        log_dirs: vec![DIR_ID],
        ..RegisterBrokerRecord::default()
    })
}

fn topic(name: &str, topic_id: Uuid, partitions: i32, replicas: &[i32]) -> Vec<MetadataRecord> {
    let topic = MetadataRecord::Topic(TopicRecord { name: name.into(), topic_id });
    let partition = |partition_id| {
        MetadataRecord::Partition(PartitionRecord {
            partition_id,
            topic_id,
            replicas: replicas.to_vec(),
            isr: replicas.to_vec(),
            leader: replicas[0],
            leader_epoch: 0,
            partition_epoch: 0,
            directories: vec![DIR_ID; replicas.len()],
            ..PartitionRecord::default()
        })
    };
    std::iter::once(topic).chain((0..partitions).map(partition)).collect()
}
