//! The client against a peer that answers what a test scripts, and against hostile ones.

use std::collections::BTreeMap;

use barnabas_wire::api::api_versions::{ApiVersion, ApiVersionsResponse};
use barnabas_wire::api::create_topics::{CreatableTopicResult, CreateTopicsResponse};
use barnabas_wire::api::metadata::MetadataResponse;
use barnabas_wire::{ApiKey, Decoder, ErrorCode, RequestHeader, Uuid, encode_response};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Admin, Error, NewTopic};

#[tokio::test]
async fn each_topic_has_its_own_answer() {
    let (listener, admin) = peer().await;
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        answer_versions(&mut stream).await;
        let header = request(&mut stream).await;
        assert_eq!(header.api_key, ApiKey::CreateTopics);
        let refused = CreatableTopicResult {
            name: "old".to_owned(),
            error_code: ErrorCode::TOPIC_ALREADY_EXISTS,
            error_message: Some("it is there".to_owned()),
            ..CreatableTopicResult::default()
        };
        let created = CreatableTopicResult {
            name: "new".to_owned(),
            topic_id: Uuid([7; 16]),
            ..CreatableTopicResult::default()
        };
        let response = CreateTopicsResponse { topics: vec![refused, created], throttle_time_ms: 0 };
        let frame =
            encode_response(header.api_key, header.api_version, header.correlation_id, &response);
        stream.write_all(&frame.unwrap().bytes).await.unwrap();
    });
    let answers = admin.create_topics(&[topic("old"), topic("new")]).await.unwrap();
    served.await.unwrap();
    assert_eq!(answers["new"], Ok(Uuid([7; 16])));
    let refusal = answers["old"].clone().unwrap_err();
    assert_eq!(refusal.to_string(), "TOPIC_ALREADY_EXISTS: it is there");
}

#[tokio::test]
async fn an_absurd_length_is_refused_and_the_next_call_connects_anew() {
    let (listener, admin) = peer().await;
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await;
        stream.write_all(&i32::MAX.to_be_bytes()).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        answer_versions(&mut stream).await;
    });
    let error = admin.brokers().await.unwrap_err();
    assert!(matches!(error, Error::TooLarge(_)), "{error}");
    let error = admin.brokers().await.unwrap_err();
    assert!(matches!(error, Error::Unsupported(ApiKey::Metadata)), "{error}");
    served.await.unwrap();
}

#[tokio::test]
async fn a_peer_that_hangs_up_is_an_error() {
    let (listener, admin) = peer().await;
    let served = tokio::spawn(async move {
        drop(listener.accept().await.unwrap());
    });
    let error = admin.topics(None).await.unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    served.await.unwrap();
}

#[tokio::test]
async fn a_question_to_a_broker_that_has_gone_is_asked_of_another() {
    let (listener, admin) = peer().await;
    let served = tokio::spawn(async move {
        for answers in [1, 1] {
            let (mut stream, _) = listener.accept().await.unwrap();
            answer_versions_of(&mut stream, 3, 12).await;
            for _ in 0..answers {
                let header = request(&mut stream).await;
                let response = MetadataResponse::default();
                let (key, version) = (header.api_key, header.api_version);
                let frame = encode_response(key, version, header.correlation_id, &response);
                stream.write_all(&frame.unwrap().bytes).await.unwrap();
            }
        }
    });
    assert!(admin.brokers().await.unwrap().is_empty());
    assert!(admin.brokers().await.unwrap().is_empty());
    served.await.unwrap();
}

async fn peer() -> (TcpListener, Admin) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let admin = Admin::new(listener.local_addr().unwrap().to_string());
    (listener, admin)
}

fn topic(name: &str) -> NewTopic {
    NewTopic {
        name: name.to_owned(),
        partitions: 1,
        replicas: 1,
        configs: BTreeMap::new(),
        assignment: Vec::new(),
    }
}

async fn request(stream: &mut TcpStream) -> RequestHeader {
    let size = stream.read_i32().await.unwrap();
    let mut body = vec![0; usize::try_from(size).unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    RequestHeader::decode(&mut Decoder::new(Bytes::from(body))).unwrap()
}

/// The peer speaks CreateTopics 5 to 7, nothing else.
async fn answer_versions(stream: &mut TcpStream) {
    answer_versions_of(stream, 19, 7).await;
}

/// The peer speaks one API, in versions up to `max_version`.
async fn answer_versions_of(stream: &mut TcpStream, api_key: i16, max_version: i16) {
    let header = request(stream).await;
    assert_eq!(header.api_key, ApiKey::ApiVersions);
    let api = ApiVersion { api_key, min_version: 5, max_version };
    let response = ApiVersionsResponse { api_keys: vec![api], ..ApiVersionsResponse::default() };
    let frame =
        encode_response(header.api_key, header.api_version, header.correlation_id, &response);
    stream.write_all(&frame.unwrap().bytes).await.unwrap();
}
