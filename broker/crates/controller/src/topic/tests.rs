use barnabas_metadata::image::ConfigResource;
use barnabas_wire::api::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use barnabas_wire::api::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use barnabas_wire::api::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use barnabas_wire::{ErrorCode, Uuid};

use super::validate_name;
use crate::tests::{Cluster, topic};
use crate::{Request, Response};

fn create(
    cluster: &mut Cluster,
    topics: Vec<CreatableTopic>,
    validate_only: bool,
) -> Vec<ErrorCode> {
    let request = CreateTopicsRequest { topics, timeout_ms: 0, validate_only };
    match cluster.ask(&Request::CreateTopics(request)) {
        Response::CreateTopics(response) => response.topics.iter().map(|t| t.error_code).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_are_kafkas() {
    for name in ["a", "A.b_c-9", "__consumer_offsets", &"x".repeat(249)] {
        assert!(validate_name(name).is_ok(), "{name}");
    }
    for name in ["", ".", "..", "a b", "ä", "a/b", &"x".repeat(250)] {
        assert!(validate_name(name).is_err(), "{name}");
    }
}

#[test]
fn a_topic_is_spread_and_answered_with_what_it_became() {
    let mut cluster = Cluster::new(3);
    let result = cluster.create(topic("t", 6, 3));
    assert_eq!(
        (result.error_code, result.num_partitions, result.replication_factor),
        (ErrorCode::NONE, 6, 3)
    );
    assert!(result.configs.unwrap().iter().any(|config| config.name == "retention.ms"));
    let created = cluster.controller.state().topics.by_name("t").unwrap();
    assert_eq!(created.id, result.topic_id);
    let mut leaders: Vec<i32> = created.partitions.values().map(|p| p.leader).collect();
    leaders.sort_unstable();
    assert_eq!(leaders, [0, 0, 1, 1, 2, 2]);
    let partition = created.partition(0).unwrap();
    assert_eq!(partition.directories[0], Uuid([100 + partition.replicas[0] as u8; 16]));
}

#[test]
fn defaults_come_from_the_config() {
    let mut cluster = Cluster::new(1);
    let result = cluster.create(topic("t", -1, -1));
    assert_eq!((result.num_partitions, result.replication_factor), (1, 1));
}

#[test]
fn bad_topics_are_refused_one_by_one() {
    let mut cluster = Cluster::new(1);
    cluster.create(topic("a.b", 1, 1));
    let configured = |name: &str, config: &str, value: Option<&str>| CreatableTopic {
        configs: vec![CreatableTopicConfig {
            name: config.to_owned(),
            value: value.map(str::to_owned),
        }],
        ..topic(name, 1, 1)
    };
    let assigned = |name: &str, index, broker| CreatableTopic {
        assignments: vec![CreatableReplicaAssignment {
            partition_index: index,
            broker_ids: vec![broker],
        }],
        ..topic(name, -1, -1)
    };
    let cases = vec![
        (topic("a.b", 1, 1), ErrorCode::TOPIC_ALREADY_EXISTS),
        (topic("a_b", 1, 1), ErrorCode::INVALID_TOPIC_EXCEPTION),
        (topic("no/slash", 1, 1), ErrorCode::INVALID_TOPIC_EXCEPTION),
        (topic("__cluster_metadata", 1, 1), ErrorCode::INVALID_REQUEST),
        (topic("t0", 0, 1), ErrorCode::INVALID_PARTITIONS),
        (topic("t1", -2, 1), ErrorCode::INVALID_PARTITIONS),
        (topic("t2", 1, 0), ErrorCode::INVALID_REPLICATION_FACTOR),
        (topic("t3", 1, 2), ErrorCode::INVALID_REPLICATION_FACTOR),
        (topic("t4", 10_001, 1), ErrorCode::POLICY_VIOLATION),
        (configured("t5", "retention.ms", Some("x")), ErrorCode::INVALID_CONFIG),
        (configured("t6", "retention.mss", Some("1")), ErrorCode::INVALID_CONFIG),
        (configured("t7", "retention.ms", None), ErrorCode::INVALID_CONFIG),
        (assigned("t8", 1, 0), ErrorCode::INVALID_REPLICA_ASSIGNMENT),
        (assigned("t9", 0, 4), ErrorCode::INVALID_REPLICA_ASSIGNMENT),
        (CreatableTopic { num_partitions: 1, ..assigned("ta", 0, 0) }, ErrorCode::INVALID_REQUEST),
        (configured("good", "retention.ms", Some("1000")), ErrorCode::NONE),
    ];
    let (topics, codes): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    assert_eq!(create(&mut cluster, topics, false), codes);
    let state = cluster.controller.state();
    assert_eq!(state.topics.len(), 2);
    assert_eq!(state.configs.value(&ConfigResource::topic("good"), "retention.ms"), Some("1000"));
}

#[test]
fn a_name_given_twice_is_refused_and_so_are_two_that_collide() {
    let mut cluster = Cluster::new(1);
    let twice = create(&mut cluster, vec![topic("t", 1, 1), topic("t", 1, 1)], false);
    assert_eq!(twice, [ErrorCode::INVALID_REQUEST]);
    let similar = create(&mut cluster, vec![topic("x.y", 1, 1), topic("x_y", 1, 1)], false);
    assert_eq!(similar, [ErrorCode::NONE, ErrorCode::INVALID_TOPIC_EXCEPTION]);
}

#[test]
fn validation_alone_writes_nothing() {
    let mut cluster = Cluster::new(1);
    assert_eq!(create(&mut cluster, vec![topic("t", 1, 1)], true), [ErrorCode::NONE]);
    assert_eq!(cluster.records, []);
    assert_eq!(cluster.create(topic("t", 1, 1)).error_code, ErrorCode::NONE);
}

#[test]
fn a_thousand_topics_in_one_request_are_one_batch() {
    let mut cluster = Cluster::new(1);
    let topics = (0..1_000).map(|n| topic(&format!("topic_{n}"), 3, 1)).collect();
    let codes = create(&mut cluster, topics, false);
    assert!(codes.iter().all(|code| *code == ErrorCode::NONE));
    assert_eq!(cluster.records.len(), 4_000);
}

#[test]
fn topics_are_deleted_by_name_or_by_id_with_their_configs() {
    let mut cluster = Cluster::new(1);
    let one = cluster.create(topic("one", 1, 1)).topic_id;
    cluster.create(topic("two", 1, 1));
    let state =
        |name: Option<&str>, topic_id| DeleteTopicState { name: name.map(str::to_owned), topic_id };
    let request = DeleteTopicsRequest {
        topics: vec![
            state(None, one),
            state(Some("two"), Uuid::ZERO),
            state(Some("two"), Uuid::ZERO),
            state(Some("three"), Uuid::ZERO),
            state(None, Uuid([7; 16])),
            state(None, Uuid::ZERO),
        ],
        ..DeleteTopicsRequest::default()
    };
    let Response::DeleteTopics(response) = cluster.ask(&Request::DeleteTopics(request)) else {
        panic!("no answer");
    };
    let codes: Vec<_> = response.responses.iter().map(|result| result.error_code).collect();
    assert_eq!(
        codes,
        [
            ErrorCode::NONE,
            ErrorCode::NONE,
            ErrorCode::INVALID_REQUEST,
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            ErrorCode::UNKNOWN_TOPIC_ID,
            ErrorCode::INVALID_REQUEST,
        ]
    );
    assert!(cluster.controller.state().topics.is_empty());
}

#[test]
fn partitions_are_added_never_taken_away() {
    let mut cluster = Cluster::new(2);
    cluster.create(topic("t", 2, 2));
    let mut grow = |name: &str, count| {
        let topics =
            vec![CreatePartitionsTopic { name: name.to_owned(), count, assignments: None }];
        let request = CreatePartitionsRequest { topics, timeout_ms: 0, validate_only: false };
        match cluster.ask(&Request::CreatePartitions(request)) {
            Response::CreatePartitions(response) => response.results[0].error_code,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(grow("t", 2), ErrorCode::INVALID_PARTITIONS);
    assert_eq!(grow("t", 1), ErrorCode::INVALID_PARTITIONS);
    assert_eq!(grow("u", 3), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    assert_eq!(grow("t", 5), ErrorCode::NONE);
    let grown = cluster.controller.state().topics.by_name("t").unwrap();
    assert_eq!(grown.partitions.len(), 5);
    assert!(grown.partitions.values().all(|partition| partition.replicas.len() == 2));
}
