//! A broker joins the cluster of its own controller, makes topics usable, leaves, and comes back.

#![allow(clippy::unwrap_used, reason = "a broken test must stop")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use barnabas_controller::{Request, Response};
use barnabas_replication::Partition;
use barnabas_server::http::BrokerState;
use barnabas_server::lifecycle::{self, Lifecycle, LifecycleOptions, Registration};
use barnabas_server::node::{Identity, NodeParts};
use barnabas_server::partition::LogDir;
use barnabas_server::peer::TcpDialer;
use barnabas_server::raft::{self, MetadataOptions};
use barnabas_server::{Clock, Node, SystemClock};
use barnabas_storage::{Disk, RealDisk};
use barnabas_wire::api::broker_registration::Listener;
use barnabas_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use barnabas_wire::api::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use barnabas_wire::{ErrorCode, Uuid};

const DIR_ID: Uuid = Uuid([7; 16]);

struct Broker {
    node: Arc<Node>,
    lifecycle: Lifecycle,
}

impl Broker {
    async fn start(dir: &Path) -> Self {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let log_dir = LogDir::open(Arc::clone(&disk), dir, DIR_ID, 2).unwrap();
        let previous = log_dir.clean_shutdown().and_then(|marker| marker.broker_epoch);
        let node = Arc::new(Node::new(NodeParts {
            identity: Identity { node_id: 1, cluster_id: "cluster".into() },
            clock: Arc::clone(&clock),
            limits: barnabas_server::net::Limits::default(),
            properties: Arc::new(BTreeMap::new()),
            dirs: vec![Arc::new(log_dir)],
            absent_dirs: Vec::new(),
            replica_lag_time_max_ms: 30_000,
            fetch_session_slots: 10,
            dialer: Arc::new(TcpDialer),
        }));
        let registration = Registration {
            broker_id: 1,
            cluster_id: "cluster".into(),
            listeners: vec![Listener {
                name: "PLAINTEXT".into(),
                host: "127.0.0.1".into(),
                port: 9092,
                security_protocol: 0,
            }],
            rack: None,
            log_dirs: vec![DIR_ID],
            previous_broker_epoch: previous.unwrap_or(-1),
        };
        let options = LifecycleOptions {
            registration: Some(registration),
            controller_listeners: Vec::new(),
            inter_broker_listener: String::new(),
            silence_timeout: Duration::from_millis(2_500),
            heartbeat_interval: Duration::from_secs(2),
            registration_timeout: Duration::from_secs(10),
            controlled_shutdown: true,
            health: Arc::clone(&node.health),
        };
        let thread =
            raft::start(MetadataOptions::alone(disk, clock, dir.to_path_buf(), DIR_ID)).unwrap();
        let joining = lifecycle::start(Arc::clone(&node), thread, options).await.unwrap();
        let lifecycle = joining.enter().await.unwrap();
        assert_eq!(node.health.state(), BrokerState::Running);
        Self { node, lifecycle }
    }

    async fn create(&self, name: &str) -> ErrorCode {
        let topics = vec![CreatableTopic {
            name: name.into(),
            num_partitions: 2,
            replication_factor: 1,
            ..CreatableTopic::default()
        }];
        let request = CreateTopicsRequest { topics, timeout_ms: 0, validate_only: false };
        match self.node.ask_controller(Request::CreateTopics(request)).await.unwrap() {
            Response::CreateTopics(response) => response.topics[0].error_code,
            other => panic!("{other:?}"),
        }
    }

    async fn delete(&self, name: &str) {
        let topics = vec![DeleteTopicState { name: Some(name.into()), topic_id: Uuid::ZERO }];
        let request = DeleteTopicsRequest { topics, ..DeleteTopicsRequest::default() };
        self.node.ask_controller(Request::DeleteTopics(request)).await.unwrap();
    }

    /// Whether this broker leads the first partition of a topic.
    fn leads(&self, topic: &str) -> bool {
        let image = self.node.image.load();
        let replica = self.node.partitions.named(&image, topic, 0);
        replica.is_some_and(|replica| replica.inspect(Partition::is_leader))
    }

    async fn stop(mut self) {
        self.lifecycle.leave().await;
        let epoch = self.lifecycle.broker_epoch();
        self.lifecycle.stop().await;
        self.node.partitions.close(epoch).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_can_be_used_when_its_creation_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(dir.path()).await;
    assert_eq!(broker.create("one").await, ErrorCode::NONE);
    assert!(broker.leads("one"));
    assert_eq!(broker.create("one").await, ErrorCode::TOPIC_ALREADY_EXISTS);
    broker.delete("one").await;
    assert!(broker.node.image.load().topics.is_empty());
    assert!(broker.node.partitions.all().is_empty());
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_stopped_cleanly_leads_again_in_a_later_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(dir.path()).await;
    broker.create("kept").await;
    let epoch = broker.lifecycle.broker_epoch();
    broker.stop().await;
    assert!(dir.path().join(".kafka_cleanshutdown").exists());
    let broker = Broker::start(dir.path()).await;
    assert!(broker.lifecycle.broker_epoch() > epoch);
    assert!(broker.leads("kept"));
    broker.stop().await;
}
