//! Bytes that the Java classes of Apache Kafka 4.3.1 wrote.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::fmt::Debug;

use barnabas_wire::api::{
    AddRaftVoterRequest, AddRaftVoterResponse, BrokerHeartbeatRequest, BrokerHeartbeatResponse,
    DescribeLogDirsResponse, FetchRequest, FetchResponse, InitProducerIdRequest,
    ListOffsetsRequest, OffsetCommitRequest, OffsetFetchRequest, add_raft_voter, describe_log_dirs,
    fetch, list_offsets, offset_commit, offset_fetch,
};
use barnabas_wire::{ErrorCode, Message, Records, Uuid};
use support::{decode, encode};

fn check<M: Message + PartialEq + Debug>(message: &M, version: i16, hex: &str) {
    let text: String = encode(message, version).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(text, hex, "{} {version}", M::NAME);
    assert_eq!(decode::<M>(encode(message, version), version).as_ref(), Ok(message));
}

fn topic_id() -> Uuid {
    "3s9oQZTES4mPlexVPLo_XA".parse().unwrap()
}

#[test]
fn add_raft_voter_1() {
    let listener =
        add_raft_voter::Listener { name: "CONTROLLER".into(), host: "h".into(), port: u16::MAX };
    let request = AddRaftVoterRequest {
        cluster_id: Some("c".into()),
        timeout_ms: 5,
        voter_id: 3,
        voter_directory_id: topic_id(),
        listeners: vec![listener],
        ack_when_committed: false,
    };
    check(
        &request,
        1,
        "02630000000500000003decf684194c44b898f95ec553cba3f5c020b434f4e54524f4c4c45520268ffff\
         000000",
    );
    let response = AddRaftVoterResponse {
        error_code: ErrorCode(126),
        error_message: Some("no".into()),
        ..Default::default()
    };
    check(&response, 1, "00000000007e036e6f00");
}

#[test]
fn broker_heartbeat_2() {
    let request = BrokerHeartbeatRequest {
        broker_id: 1,
        broker_epoch: 77,
        current_metadata_offset: 1234,
        want_shut_down: true,
        offline_log_dirs: vec![topic_id()],
        cordoned_log_dirs: Some(vec![topic_id(), Uuid::LOST_DIR]),
        ..Default::default()
    };
    check(
        &request,
        2,
        "00000001000000000000004d00000000000004d2000102001102decf684194c44b898f95ec553cba\
         3f5c012103decf684194c44b898f95ec553cba3f5c00000000000000000000000000000002",
    );
    let request = BrokerHeartbeatRequest { broker_id: 1, ..Default::default() };
    check(&request, 2, "00000001ffffffffffffffff0000000000000000000000");
    let response = BrokerHeartbeatResponse {
        error_code: ErrorCode::BROKER_ID_NOT_REGISTERED,
        is_caught_up: true,
        is_fenced: false,
        should_shut_down: true,
        ..Default::default()
    };
    check(&response, 2, "00000000006601000100");
}

#[test]
fn describe_log_dirs_5() {
    let partition = describe_log_dirs::DescribeLogDirsPartition {
        partition_index: 2,
        partition_size: 9,
        offset_lag: 1,
        is_future_key: true,
    };
    let topic =
        describe_log_dirs::DescribeLogDirsTopic { name: "t".into(), partitions: vec![partition] };
    let result = describe_log_dirs::DescribeLogDirsResult {
        log_dir: "/data".into(),
        topics: vec![topic],
        total_bytes: 1 << 40,
        usable_bytes: 5,
        is_cordoned: true,
        ..Default::default()
    };
    let response = DescribeLogDirsResponse {
        throttle_time_ms: 3,
        results: vec![result],
        ..Default::default()
    };
    check(
        &response,
        5,
        "000000030000020000062f6461746102027402000000020000000000000009000000000000000101\
         000000000100000000000000000000000005010000",
    );
}

#[test]
fn init_producer_id_6() {
    let request = InitProducerIdRequest {
        transactional_id: Some("tx".into()),
        transaction_timeout_ms: 60_000,
        producer_id: 5,
        producer_epoch: 2,
        enable_2pc: true,
        keep_prepared_txn: true,
    };
    check(&request, 6, "0374780000ea6000000000000000050002010100");
}

#[test]
fn list_offsets_11() {
    let partition = list_offsets::ListOffsetsPartition {
        partition_index: 1,
        current_leader_epoch: 4,
        timestamp: -6,
    };
    let topic =
        list_offsets::ListOffsetsTopic { name: "topic".into(), partitions: vec![partition] };
    let request = ListOffsetsRequest {
        replica_id: -1,
        isolation_level: 1,
        topics: vec![topic],
        timeout_ms: 100,
    };
    check(&request, 11, "ffffffff010206746f706963020000000100000004fffffffffffffffa00000000006400");
}

#[test]
fn offset_commit_10() {
    let partition = offset_commit::OffsetCommitRequestPartition {
        partition_index: 0,
        committed_offset: 10,
        committed_leader_epoch: 1,
        committed_metadata: Some("x".into()),
    };
    let topic = offset_commit::OffsetCommitRequestTopic {
        topic_id: topic_id(),
        partitions: vec![partition],
        ..Default::default()
    };
    let request = OffsetCommitRequest {
        group_id: "g".into(),
        generation_id_or_member_epoch: 3,
        member_id: "m".into(),
        topics: vec![topic],
        ..Default::default()
    };
    check(
        &request,
        10,
        "026700000003026d0002decf684194c44b898f95ec553cba3f5c0200000000000000000000000a00\
         0000010278000000",
    );
}

#[test]
fn offset_fetch_10() {
    let topic = offset_fetch::OffsetFetchRequestTopics {
        topic_id: topic_id(),
        partition_indexes: vec![0, 7],
        ..Default::default()
    };
    let group = offset_fetch::OffsetFetchRequestGroup {
        group_id: "g".into(),
        topics: Some(vec![topic]),
        ..Default::default()
    };
    let request =
        OffsetFetchRequest { groups: vec![group], require_stable: true, ..Default::default() };
    check(
        &request,
        10,
        "02026700ffffffff02decf684194c44b898f95ec553cba3f5c03000000000000000700000100",
    );
}

#[test]
fn fetch_18() {
    let partition = fetch::FetchPartition {
        partition: 3,
        current_leader_epoch: 1,
        fetch_offset: 42,
        last_fetched_epoch: 1,
        log_start_offset: 0,
        partition_max_bytes: 1 << 20,
        replica_directory_id: Uuid::LOST_DIR,
        high_watermark: 40,
    };
    let topic = fetch::FetchTopic {
        topic_id: topic_id(),
        partitions: vec![partition],
        ..Default::default()
    };
    let request = FetchRequest {
        cluster_id: Some("c".into()),
        replica_state: fetch::ReplicaState { replica_id: 2, replica_epoch: 9 },
        max_wait_ms: 500,
        min_bytes: 1,
        topics: vec![topic],
        ..Default::default()
    };
    check(
        &request,
        18,
        "000001f4000000017fffffff0000000000ffffffff02decf684194c44b898f95ec553cba3f5c0200\
         00000300000001000000000000002a00000001000000000000000000100000020010000000000000\
         00000000000000000002010800000000000000280001010200020263010d00000002000000000000\
         000900",
    );
    let partition = fetch::PartitionData {
        partition_index: 3,
        error_code: ErrorCode::NOT_LEADER_OR_FOLLOWER,
        high_watermark: 40,
        diverging_epoch: fetch::EpochEndOffset { epoch: 1, end_offset: 30 },
        current_leader: fetch::LeaderIdAndEpoch { leader_id: 1, leader_epoch: 2 },
        aborted_transactions: None,
        records: Some(Records::default()),
        ..Default::default()
    };
    let topic = fetch::FetchableTopicResponse {
        topic_id: topic_id(),
        partitions: vec![partition],
        ..Default::default()
    };
    let node =
        fetch::NodeEndpoint { node_id: 1, host: "b-1".into(), port: 9092, rack: Some("a".into()) };
    let response = FetchResponse {
        session_id: 1,
        responses: vec![topic],
        node_endpoints: vec![node],
        ..Default::default()
    };
    check(
        &response,
        18,
        "0000000000000000000102decf684194c44b898f95ec553cba3f5c02000000030006000000000000\
         0028ffffffffffffffffffffffffffffffff00ffffffff0102000d00000001000000000000001e00\
         010900000001000000020000010010020000000104622d3100002384026100",
    );
}
