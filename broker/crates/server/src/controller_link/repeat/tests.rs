use barnabas_metadata::image::{Delta, Provenance};
use barnabas_metadata::record::{MetadataRecord, PartitionRecord, TopicRecord};
use barnabas_wire::Uuid;
use barnabas_wire::api::create_partitions::{CreatePartitionsTopic, CreatePartitionsTopicResult};
use barnabas_wire::api::delete_topics::{DeletableTopicResult, DeleteTopicState};

use super::*;

const ID: Uuid = Uuid([9; 16]);

/// A topic `t` with so many partitions of two replicas.
fn image(partitions: i32) -> Image {
    let mut delta = Delta::new(&Image::default());
    if partitions > 0 {
        let topic = TopicRecord { name: "t".into(), topic_id: ID };
        delta.replay(&MetadataRecord::from(topic)).unwrap();
    }
    for partition_id in 0..partitions {
        let record = PartitionRecord {
            partition_id,
            topic_id: ID,
            replicas: vec![1, 2],
            isr: vec![1, 2],
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
            directories: vec![Uuid::UNASSIGNED_DIR; 2],
            ..PartitionRecord::default()
        };
        delta.replay(&record.into()).unwrap();
    }
    delta.finish(Provenance::default()).0
}

/// What a client that asked for a topic is told in the end.
fn creation(num_partitions: i32, before: &Image, now: &Image) -> CreatableTopicResult {
    let asked = CreatableTopic {
        name: "t".into(),
        num_partitions,
        replication_factor: -1,
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest { topics: vec![asked], ..CreateTopicsRequest::default() };
    let refused = CreatableTopicResult {
        name: "t".into(),
        error_code: ErrorCode::TOPIC_ALREADY_EXISTS,
        ..CreatableTopicResult::default()
    };
    let response = CreateTopicsResponse { topics: vec![refused], ..Default::default() };
    let (request, response) = (Request::CreateTopics(request), Response::CreateTopics(response));
    match settle(&request, response, before, now) {
        Response::CreateTopics(mut response) => response.topics.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_topic_that_the_first_attempt_created_is_created() {
    let result = creation(3, &image(0), &image(3));
    assert_eq!((result.error_code, result.topic_id), (ErrorCode::NONE, ID));
    assert_eq!(result.error_message, None);
}

#[test]
fn a_topic_of_somebody_else_exists() {
    let exists = ErrorCode::TOPIC_ALREADY_EXISTS;
    assert_eq!(creation(3, &image(3), &image(3)).error_code, exists, "it was there before");
    assert_eq!(creation(4, &image(0), &image(3)).error_code, exists, "it is another one");
    assert_eq!(creation(3, &image(0), &image(0)).error_code, exists, "it is not known yet");
}

#[test]
fn a_topic_is_deleted_once_whoever_has_its_name_by_then() {
    let named = DeleteTopicState { name: Some("t".into()), topic_id: Uuid::ZERO };
    let request = DeleteTopicsRequest { topics: vec![named], ..DeleteTopicsRequest::default() };
    let first = Request::DeleteTopics(request);
    let Request::DeleteTopics(second) = again(first.clone(), &image(1)) else { unreachable!() };
    assert_eq!(second.topics, [DeleteTopicState { name: None, topic_id: ID }]);
    let gone = DeletableTopicResult {
        topic_id: ID,
        error_code: ErrorCode::UNKNOWN_TOPIC_ID,
        ..DeletableTopicResult::default()
    };
    let response = DeleteTopicsResponse { responses: vec![gone], ..Default::default() };
    let response = Response::DeleteTopics(response);
    let Response::DeleteTopics(told) = settle(&first, response, &image(1), &image(0)) else {
        unreachable!()
    };
    assert_eq!(told.responses[0].error_code, ErrorCode::NONE);
    assert_eq!(told.responses[0].name.as_deref(), Some("t"));
}

#[test]
fn partitions_that_the_first_attempt_added_are_added() {
    let told = |count, before: &Image, now: &Image| {
        let topic = CreatePartitionsTopic { name: "t".into(), count, assignments: None };
        let request = CreatePartitionsRequest { topics: vec![topic], ..Default::default() };
        let refused = CreatePartitionsTopicResult {
            name: "t".into(),
            error_code: ErrorCode::INVALID_PARTITIONS,
            error_message: None,
        };
        let response = CreatePartitionsResponse { results: vec![refused], ..Default::default() };
        let request = Request::CreatePartitions(request);
        match settle(&request, Response::CreatePartitions(response), before, now) {
            Response::CreatePartitions(response) => response.results[0].error_code,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(told(3, &image(1), &image(3)), ErrorCode::NONE);
    assert_eq!(told(3, &image(3), &image(3)), ErrorCode::INVALID_PARTITIONS);
    assert_eq!(told(2, &image(1), &image(3)), ErrorCode::INVALID_PARTITIONS);
}
