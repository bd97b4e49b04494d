//! Groups on a whole broker, over TCP: the offsets topic is made when it is needed, and a member
//! does not notice that the broker was killed.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use barnabas_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use barnabas_wire::api::find_coordinator::FindCoordinatorRequest;
use barnabas_wire::api::heartbeat::HeartbeatRequest;
use barnabas_wire::api::join_group::{
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse,
};
use barnabas_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use barnabas_wire::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestGroup};
use barnabas_wire::api::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use barnabas_wire::{Decoder, ErrorCode, Message, Request, ResponseHeader, encode_request};
use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process};

const GROUP: &str = "g";
const TOPIC: &str = "t";
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client's connection.
struct Connection(TcpStream);

impl Connection {
    fn send<R: Request>(&self, request: &R) {
        let version = R::VERSIONS.max;
        let frame = encode_request(version, 1, Some("app"), request).expect("encodable");
        (&self.0).write_all(&frame.bytes).expect("sent");
    }

    fn receive<R: Request>(&self) -> R::Response {
        let mut size = [0; 4];
        (&self.0).read_exact(&mut size).expect("an answer");
        let mut body = vec![0; u32::from_be_bytes(size) as usize];
        (&self.0).read_exact(&mut body).expect("a whole answer");
        let version = R::VERSIONS.max;
        let mut decoder = Decoder::new(Bytes::from(body));
        ResponseHeader::decode(&mut decoder, R::KEY, version).expect("a header");
        R::Response::decode(&mut decoder, version).expect("an answer of that version")
    }

    fn ask<R: Request>(&self, request: &R) -> R::Response {
        self.send(request);
        self.receive::<R>()
    }
}

struct Broker {
    child: Child,
    client: Connection,
    /// Kept open: the broker goes on to write to it.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Broker {
    fn start(dir: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_barnabas-broker"))
            .args(["dev", "--port", "0", "--dir"])
            .arg(dir)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the broker starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let address = lines
            .find_map(|line| {
                let line = line.expect("readable");
                let rest = line.strip_prefix("Barnabas serves Kafka clients on ")?;
                Some(rest.split(',').next()?.to_owned())
            })
            .expect("the broker says where it serves");
        let client = TcpStream::connect(address).expect("the broker accepts");
        client.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Self { child, client: Connection(client), _stdout: lines }
    }

    fn ask<R: Request>(&self, request: &R) -> R::Response {
        self.client.ask(request)
    }

    /// Asks until the answer is not one that tells clients to try again.
    fn ask_until<R: Request>(
        &self,
        request: &R,
        error: impl Fn(&R::Response) -> ErrorCode,
    ) -> R::Response {
        let start = Instant::now();
        loop {
            let response = self.ask(request);
            if !error(&response).is_retriable() {
                return response;
            }
            assert!(start.elapsed() < PATIENCE, "still told: {:?}", error(&response));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn join(&self) -> JoinGroupResponse {
        let find = FindCoordinatorRequest {
            coordinator_keys: vec![GROUP.into()],
            ..FindCoordinatorRequest::default()
        };
        let found = self.ask_until(&find, |found| found.coordinators[0].error_code);
        assert_eq!(found.coordinators[0].error_code, ErrorCode::NONE);
        let first = self.ask_until(&join_request(""), |response| response.error_code);
        assert_eq!(first.error_code, ErrorCode::MEMBER_ID_REQUIRED);
        self.ask(&join_request(&first.member_id))
    }

    fn committed(&self) -> i64 {
        let request = OffsetFetchRequest {
            groups: vec![OffsetFetchRequestGroup {
                group_id: GROUP.into(),
                topics: None,
                ..OffsetFetchRequestGroup::default()
            }],
            ..OffsetFetchRequest::default()
        };
        let found = self.ask_until(&request, |found| found.groups[0].error_code);
        found.groups[0].topics[0].partitions[0].committed_offset
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the broker runs");
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It has ended already when the test let it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn join_request(member_id: &str) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: GROUP.into(),
        session_timeout_ms: 60_000,
        rebalance_timeout_ms: 60_000,
        member_id: member_id.into(),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol { name: "range".into(), metadata: Bytes::new() }],
        ..JoinGroupRequest::default()
    }
}

fn sync_request(joined: &JoinGroupResponse) -> SyncGroupRequest {
    SyncGroupRequest {
        group_id: GROUP.into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        protocol_type: joined.protocol_type.clone(),
        protocol_name: joined.protocol_name.clone(),
        assignments: vec![SyncGroupRequestAssignment {
            member_id: joined.member_id.clone(),
            assignment: Bytes::from_static(b"all"),
        }],
        ..SyncGroupRequest::default()
    }
}

fn create_topic(broker: &Broker) -> barnabas_wire::Uuid {
    let topic = CreatableTopic {
        name: TOPIC.into(),
        num_partitions: 1,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest {
        topics: vec![topic],
        timeout_ms: 30_000,
        ..CreateTopicsRequest::default()
    };
    let created = broker.ask(&request);
    assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
    created.topics[0].topic_id
}

#[test]
fn a_member_does_not_notice_that_the_broker_was_killed() {
    let dir = tempfile::tempdir().expect("a directory");
    let broker = Broker::start(dir.path());
    let topic_id = create_topic(&broker);
    let joined = broker.join();
    assert_eq!((joined.error_code, joined.generation_id), (ErrorCode::NONE, 1));
    assert_eq!(broker.ask(&sync_request(&joined)).error_code, ErrorCode::NONE);
    let commit = OffsetCommitRequest {
        group_id: GROUP.into(),
        generation_id_or_member_epoch: joined.generation_id,
        member_id: joined.member_id.clone(),
        topics: vec![OffsetCommitRequestTopic {
            topic_id,
            partitions: vec![OffsetCommitRequestPartition {
                committed_offset: 42,
                ..OffsetCommitRequestPartition::default()
            }],
            ..OffsetCommitRequestTopic::default()
        }],
        ..OffsetCommitRequest::default()
    };
    let committed = broker.ask(&commit);
    assert_eq!(committed.topics[0].partitions[0].error_code, ErrorCode::NONE);
    broker.signal(Signal::KILL);
    drop(broker);

    let broker = Broker::start(dir.path());
    assert_eq!(broker.committed(), 42);
    let heartbeat = HeartbeatRequest {
        group_id: GROUP.into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        ..HeartbeatRequest::default()
    };
    assert_eq!(broker.ask(&heartbeat).error_code, ErrorCode::NONE);
    assert_eq!(broker.ask(&sync_request(&joined)).assignment, b"all".as_slice());
}

/// Looks from another connection until the first member has to join again.
fn await_rebalance(broker: &Broker, joined: &JoinGroupResponse) {
    let address = broker.client.0.peer_addr().expect("connected");
    let heartbeat = HeartbeatRequest {
        group_id: GROUP.into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        ..HeartbeatRequest::default()
    };
    let other = Connection(TcpStream::connect(address).expect("the broker accepts"));
    let start = Instant::now();
    while other.ask(&heartbeat).error_code != ErrorCode::REBALANCE_IN_PROGRESS {
        assert!(start.elapsed() < PATIENCE, "no rebalance began");
    }
}

#[test]
fn a_member_that_waits_for_others_does_not_keep_the_broker_from_stopping() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut broker = Broker::start(dir.path());
    let joined = broker.join();
    assert_eq!(broker.ask(&sync_request(&joined)).error_code, ErrorCode::NONE);
    let second = broker.ask(&join_request(""));
    // It waits for the first, which never joins again.
    broker.client.send(&join_request(&second.member_id));
    await_rebalance(&broker, &joined);
    broker.signal(Signal::TERM);
    let answer = broker.client.receive::<JoinGroupRequest>();
    assert_eq!(answer.error_code, ErrorCode::NOT_COORDINATOR);
    let start = Instant::now();
    assert!(broker.child.wait().expect("it ends").success());
    assert!(start.elapsed() < Duration::from_secs(9), "it waited for the drain to time out");
}
