//! Frames with records that stay in files, and what encoding refuses.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use barnabas_wire::api::{FetchResponse, MetadataRequest, ProduceRequest, fetch, metadata};
use barnabas_wire::{
    ApiKey, DecodeError, EncodeError, Encoder, Message, Part, Records, Value, encode_response,
};
use bytes::Bytes;
use support::{decode, encode};

fn fetch_response(records: [Records; 3]) -> FetchResponse {
    let partitions = records
        .into_iter()
        .zip(0..)
        .map(|(records, partition_index)| fetch::PartitionData {
            partition_index,
            records: Some(records),
            ..Default::default()
        })
        .collect();
    let topic = fetch::FetchableTopicResponse { partitions, ..Default::default() };
    FetchResponse { responses: vec![topic], ..Default::default() }
}

#[test]
fn external_records_leave_cuts_that_complete_the_frame() {
    let data = Bytes::from_static(&[7; 500]);
    let lengths = [300, 0, 500];
    for version in FetchResponse::VERSIONS.iter() {
        let inline = fetch_response(lengths.map(|len| Records::Inline(data.slice(..len))));
        let external = fetch_response(lengths.map(|len| Records::External { len }));
        let whole = encode_response(ApiKey::Fetch, version, 9, &inline).unwrap();
        let frame = encode_response(ApiKey::Fetch, version, 9, &external).unwrap();
        assert_eq!(frame.len(), whole.len());
        assert_eq!(frame.cuts.len(), 3);

        let mut sent = Vec::new();
        for part in frame.parts() {
            match part {
                Part::Bytes(bytes) => sent.extend_from_slice(&bytes),
                Part::External(length) => sent.extend_from_slice(&data[..length]),
            }
        }
        assert_eq!(sent, whole.bytes);
        let size = i32::from_be_bytes(*sent.first_chunk().unwrap());
        assert_eq!(size as usize, sent.len() - 4);
    }
}

#[test]
fn decoded_records_are_slices_of_the_frame() {
    let response = fetch_response([3, 4, 5].map(|n| Records::Inline(Bytes::from(vec![1; n]))));
    let bytes = encode(&response, 16);
    let frame = bytes.as_ptr() as usize..bytes.as_ptr() as usize + bytes.len();
    let response: FetchResponse = decode(bytes.clone(), 16).unwrap();
    let partition = &response.responses[0].partitions[2];
    let records = partition.records.as_ref().and_then(Records::bytes).unwrap();
    assert!(frame.contains(&(records.as_ptr() as usize)));
}

#[test]
fn a_set_field_that_the_version_lacks_is_refused() {
    let topic = metadata::MetadataRequestTopic { name: Some("t".into()), ..Default::default() };
    let request = MetadataRequest {
        topics: Some(vec![topic]),
        allow_auto_topic_creation: false,
        ..Default::default()
    };
    let error = request.encode(&mut Encoder::new(), 3);
    let field = "allow_auto_topic_creation";
    let expected = EncodeError::Unsupported { message: "MetadataRequest", field, version: 3 };
    assert_eq!(error, Err(expected));
    assert_eq!(request.encode(&mut Encoder::new(), 4), Ok(()));
}

#[test]
fn null_is_refused_where_the_version_wants_a_value() {
    let topic = metadata::MetadataRequestTopic { name: None, ..Default::default() };
    let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
    let expected = EncodeError::Null { message: "MetadataRequestTopic", field: "name", version: 9 };
    assert_eq!(request.encode(&mut Encoder::new(), 9), Err(expected));
    assert_eq!(request.encode(&mut Encoder::new(), 12), Ok(()));
    // Name of the only topic null, in version 9 (compact: 0).
    let bytes = Bytes::from_static(&[2, 0, 0, 0, 0, 0, 0]);
    assert_eq!(decode::<MetadataRequest>(bytes, 9), Err(DecodeError::Null));
}

#[test]
fn versions_outside_the_range_are_refused() {
    let version = ProduceRequest::VERSIONS.max + 1;
    let name = "ProduceRequest";
    let expected = DecodeError::Version { message: name, version };
    assert_eq!(decode::<ProduceRequest>(Bytes::new(), version), Err(expected));
    let expected = EncodeError::Version { message: name, version };
    let error = ProduceRequest::default().encode(&mut Encoder::new(), version);
    assert_eq!(error, Err(expected));
}

#[test]
fn unknown_tags_are_dropped_up_to_a_limit() {
    let request = ProduceRequest::default();
    let plain = encode(&request, 9);
    let with_tags = |tags: u8| {
        let mut bytes = plain[..plain.len() - 1].to_vec();
        bytes.push(tags);
        for tag in 0..tags {
            bytes.extend([tag, 2, 0xaa, 0xbb]);
        }
        decode::<ProduceRequest>(bytes.into(), 9)
    };
    assert_eq!(with_tags(64).as_ref(), Ok(&request));
    assert_eq!(with_tags(65), Err(DecodeError::TooManyTags));
    let mut repeated = plain[..plain.len() - 1].to_vec();
    repeated.extend([2, 5, 0, 5, 0]);
    let error = decode::<ProduceRequest>(repeated.into(), 9);
    assert_eq!(error, Err(DecodeError::TagOrder { tag: 5 }));
}

#[test]
fn a_tagged_field_is_as_long_as_it_says() {
    // Fetch 12, tag 0 (the cluster id): 4 bytes, of which the string takes 3.
    let plain = encode(&fetch::FetchRequest::default(), 12);
    let mut bytes = plain[..plain.len() - 1].to_vec();
    bytes.extend([1, 0, 4, 3, b'i', b'd', 0]);
    let error = decode::<fetch::FetchRequest>(bytes.into(), 12);
    assert_eq!(error, Err(DecodeError::TagSize { tag: 0, left: 1 }));
}

#[test]
fn large_tagged_values_get_the_size_they_need() {
    let node = |host: usize| fetch::NodeEndpoint { host: "h".repeat(host), ..Default::default() };
    for host in [100, 114, 115, 116, 117, 118, 120, 127, 128, 129, 20_000] {
        let response =
            FetchResponse { node_endpoints: vec![node(host), node(1)], ..Default::default() };
        assert_eq!(decode::<FetchResponse>(encode(&response, 16), 16), Ok(response));
    }
}

#[test]
fn strings_longer_than_kafka_permits_are_refused() {
    let plain = ProduceRequest::version(3);
    for version in [plain, ProduceRequest::version(9)] {
        let longest = "x".repeat(i16::MAX as usize);
        assert_eq!(longest.write(&mut Encoder::new(), version), Ok(()));
        let longer = "x".repeat(i16::MAX as usize + 1);
        let error = longer.write(&mut Encoder::new(), version);
        assert_eq!(error, Err(EncodeError::Length(32_768)));
    }
}
