//! Agreement with an independent codec (the crate `kafka-protocol`) on random messages.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod support;

use std::fmt::Debug;

use barnabas_wire::{
    ApiKey, Arbitrary, Decoder, Encoder, Message, Request, RequestHeader, ResponseHeader, Source,
    api, consumer_protocol,
};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages as peer;
use kafka_protocol::protocol as peer_protocol;
use support::{decode, encode};

const ROUNDS: u64 = 40;
/// Versions that the other codec does not know; `vectors.rs` holds bytes of Kafka for them.
const NEWER: &[(&str, i16)] = &[
    ("AddRaftVoterRequest", 1),
    ("AddRaftVoterResponse", 1),
    ("BrokerHeartbeatRequest", 2),
    ("BrokerHeartbeatResponse", 2),
    ("DescribeLogDirsRequest", 5),
    ("DescribeLogDirsResponse", 5),
    ("InitProducerIdRequest", 6),
    ("ListOffsetsRequest", 11),
    ("ListOffsetsResponse", 11),
    ("OffsetCommitRequest", 10),
    ("OffsetFetchRequest", 10),
];

macro_rules! visit {
    ($($request:ident)*) => {$(
        agree::<api::$request, peer::$request>();
        agree::<
            <api::$request as Request>::Response,
            <peer::$request as peer_protocol::Request>::Response,
        >();
    )*};
}

#[test]
fn messages_have_the_bytes_of_another_codec() {
    barnabas_wire::for_each_request!(visit);
    agree::<consumer_protocol::ConsumerProtocolSubscription, peer::ConsumerProtocolSubscription>();
    agree::<consumer_protocol::ConsumerProtocolAssignment, peer::ConsumerProtocolAssignment>();
}

fn agree<M, P>()
where
    M: Message + Arbitrary + PartialEq + Debug,
    P: peer_protocol::Message + peer_protocol::Encodable + peer_protocol::Decodable + Debug,
{
    for version in M::VERSIONS.iter() {
        if !(P::VERSIONS.min..=P::VERSIONS.max).contains(&version) {
            assert!(NEWER.contains(&(M::NAME, version)), "{} {version}", M::NAME);
            continue;
        }
        for seed in 0..ROUNDS {
            let message = M::arbitrary(&mut Source::new(seed), M::version(version));
            let context = format!("{} {version}, seed {seed}: {message:?}", M::NAME);
            let bytes = encode(&message, version);
            let mut rest = bytes.clone();
            let theirs = P::decode(&mut rest, version).expect(&context);
            assert!(rest.is_empty(), "{} bytes left: {context}", rest.len());
            let mut again = BytesMut::new();
            theirs.encode(&mut again, version).expect(&context);
            assert_eq!(bytes, again, "{context}\n{theirs:?}");
            assert_eq!(decode::<M>(again.freeze(), version).as_ref(), Ok(&message), "{context}");
        }
    }
}

#[test]
fn headers_have_the_bytes_of_another_codec() {
    for &api_key in ApiKey::ALL {
        let Ok(key) = peer::ApiKey::try_from(api_key as i16) else { continue };
        for api_version in api_key.versions().iter() {
            for client_id in [None, Some(String::new()), Some("rdkafka".to_owned())] {
                let header =
                    RequestHeader { api_key, api_version, correlation_id: 0x0102_0304, client_id };
                request_header(&header, key.request_header_version(api_version));
            }
            response_header(api_key, api_version, key.response_header_version(api_version));
        }
    }
}

fn request_header(header: &RequestHeader, header_version: i16) {
    use peer_protocol::{Decodable, Encodable};
    let mut encoder = Encoder::new();
    header.encode(&mut encoder).unwrap();
    let mut bytes = encoder.into_bytes();
    assert_eq!(RequestHeader::decode(&mut Decoder::new(bytes.clone())).as_ref(), Ok(header));
    let ours = bytes.clone();
    let theirs = peer::RequestHeader::decode(&mut bytes, header_version).unwrap();
    assert!(bytes.is_empty(), "{header:?}");
    let mut again = BytesMut::new();
    theirs.encode(&mut again, header_version).unwrap();
    assert_eq!(ours, again);
}

fn response_header(key: ApiKey, version: i16, header_version: i16) {
    use peer_protocol::Encodable;
    let header = ResponseHeader { correlation_id: -5 };
    let mut encoder = Encoder::new();
    header.encode(&mut encoder, key, version);
    let mut theirs = BytesMut::new();
    peer::ResponseHeader::default()
        .with_correlation_id(-5)
        .encode(&mut theirs, header_version)
        .unwrap();
    let ours: Bytes = encoder.into_bytes();
    assert_eq!(ours, theirs, "{key} {version}");
    let mut decoder = Decoder::new(ours);
    assert_eq!(ResponseHeader::decode(&mut decoder, key, version), Ok(header));
    assert_eq!(decoder.finish(), Ok(()));
}
