//! How often the hot paths allocate. One test only: the count is of the whole process.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::alloc::System;

use barnabas_wire::api::{
    FetchRequest, FetchResponse, MetadataResponse, ProduceRequest, ProduceResponse, fetch,
    metadata, produce,
};
use barnabas_wire::{
    ApiKey, Decoder, Message, Records, Request, RequestHeader, Uuid, encode_request,
    encode_response,
};
use bytes::Bytes;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TOPIC: Uuid = Uuid([7; 16]);

#[test]
fn hot_paths_allocate_little() {
    // Client id, topics, partitions; and what makes the frame's memory shared, once a frame.
    let (request, allocations) = decode_frame(13, &produce_request());
    assert_eq!(request, produce_request());
    assert!(allocations <= 4, "decoding Produce: {allocations}");

    let (request, allocations) = decode_frame(16, &fetch_request());
    assert_eq!(request, fetch_request());
    assert!(allocations <= 4, "decoding Fetch: {allocations}");

    // The buffer, and what makes it shared.
    let allocations = encode_frame(ApiKey::Produce, 13, &produce_response());
    assert!(allocations <= 2, "encoding Produce: {allocations}");

    // The list of cuts, in addition.
    let allocations = encode_frame(ApiKey::Fetch, 16, &fetch_response(1));
    assert!(allocations <= 3, "encoding Fetch: {allocations}");

    // Both grow by doubling, whatever the number of partitions.
    let allocations = encode_frame(ApiKey::Fetch, 16, &fetch_response(1000));
    assert!(allocations <= 20, "encoding a large Fetch: {allocations}");
    let allocations = encode_frame(ApiKey::Metadata, 12, &metadata_response(1000));
    assert!(allocations <= 12, "encoding a large Metadata: {allocations}");
}

fn decode_frame<R: Request>(version: i16, request: &R) -> (R, usize) {
    let frame = encode_request(version, 1, Some("producer-1"), request).unwrap().bytes;
    let frame = &frame[4..];
    let decode = || {
        let mut decoder = Decoder::new(Bytes::from(frame.to_vec()));
        let region = Region::new(ALLOCATOR);
        let header = RequestHeader::decode(&mut decoder).unwrap();
        let request = R::decode(&mut decoder, header.api_version).unwrap();
        (request, count(&region))
    };
    (decode().0, least(|| decode().1))
}

fn encode_frame<M: Message>(key: ApiKey, version: i16, response: &M) -> usize {
    least(|| {
        let region = Region::new(ALLOCATOR);
        let frame = encode_response(key, version, 1, response).unwrap();
        let allocations = count(&region);
        assert!(frame.len() > 4);
        allocations
    })
}

/// Other threads of the test harness allocate now and then.
fn least(measure: impl Fn() -> usize) -> usize {
    (0..10).map(|_| measure()).min().unwrap()
}

fn count(region: &Region<'_, System>) -> usize {
    let change = region.change();
    change.allocations + change.reallocations
}

fn produce_request() -> ProduceRequest {
    let records = Some(Bytes::from(vec![1; 1000]));
    let partition = produce::PartitionProduceData { index: 3, records };
    let topic = produce::TopicProduceData {
        topic_id: TOPIC,
        partition_data: vec![partition],
        ..Default::default()
    };
    ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() }
}

fn produce_response() -> ProduceResponse {
    let partition = produce::PartitionProduceResponse { index: 3, ..Default::default() };
    let topic = produce::TopicProduceResponse {
        topic_id: TOPIC,
        partition_responses: vec![partition],
        ..Default::default()
    };
    ProduceResponse { responses: vec![topic], ..Default::default() }
}

fn fetch_request() -> FetchRequest {
    let partition = fetch::FetchPartition { fetch_offset: 42, ..Default::default() };
    let topic =
        fetch::FetchTopic { topic_id: TOPIC, partitions: vec![partition], ..Default::default() };
    FetchRequest { topics: vec![topic], ..Default::default() }
}

fn fetch_response(partitions: usize) -> FetchResponse {
    let partition = fetch::PartitionData {
        records: Some(Records::External { len: 1000 }),
        ..Default::default()
    };
    let topic = fetch::FetchableTopicResponse {
        topic_id: TOPIC,
        partitions: vec![partition; partitions],
        ..Default::default()
    };
    FetchResponse { responses: vec![topic], ..Default::default() }
}

fn metadata_response(partitions: usize) -> MetadataResponse {
    let partition = metadata::MetadataResponsePartition {
        replica_nodes: vec![1, 2, 3],
        isr_nodes: vec![1, 2, 3],
        ..Default::default()
    };
    let topic = metadata::MetadataResponseTopic {
        topic_id: TOPIC,
        partitions: vec![partition; partitions],
        ..Default::default()
    };
    MetadataResponse { topics: vec![topic], ..Default::default() }
}
