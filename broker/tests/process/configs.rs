//! Configs as clients see and change them, and that they have their effect at once.

use std::io::{Read, Write};
use std::net::TcpStream;

use barnabas_wire::api::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use barnabas_wire::api::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult,
};
use barnabas_wire::api::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use barnabas_wire::{Decoder, ErrorCode, Message, Request, ResponseHeader, encode_request};
use tempfile::TempDir;

use crate::dev::Dev;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const SET: i8 = 0;
const DELETE: i8 = 1;

pub(crate) struct Client(TcpStream);

impl Client {
    pub(crate) fn new(dev: &Dev) -> Self {
        Self(TcpStream::connect(dev.kafka).expect("connects"))
    }

    pub(crate) fn call<R: Request>(&mut self, request: &R) -> R::Response {
        let version = R::KEY.latest_stable_version();
        let frame = encode_request(version, 7, Some("test"), request).expect("encodes");
        self.0.write_all(&frame.bytes).expect("sends");
        let mut size = [0; 4];
        self.0.read_exact(&mut size).expect("answers");
        let mut answer = vec![0; usize::try_from(u32::from_be_bytes(size)).expect("small")];
        self.0.read_exact(&mut answer).expect("answers");
        let mut decoder = Decoder::new(answer.into());
        ResponseHeader::decode(&mut decoder, R::KEY, version).expect("a header");
        R::Response::decode(&mut decoder, version).expect("a response")
    }

    fn create(&mut self, topic: &str, config: (&str, &str)) -> (ErrorCode, String) {
        let config = CreatableTopicConfig { name: config.0.into(), value: Some(config.1.into()) };
        let topic = CreatableTopic {
            name: topic.to_owned(),
            num_partitions: 1,
            replication_factor: 1,
            configs: vec![config],
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
        let created = self.call(&request).topics.remove(0);
        (created.error_code, created.error_message.unwrap_or_default())
    }

    fn alter(
        &mut self,
        (resource_type, resource): (i8, &str),
        operation: i8,
        (name, value): (&str, &str),
    ) -> (ErrorCode, String) {
        let config = AlterableConfig {
            name: name.to_owned(),
            config_operation: operation,
            value: (operation != DELETE).then(|| value.to_owned()),
        };
        let resource = AlterConfigsResource {
            resource_type,
            resource_name: resource.to_owned(),
            configs: vec![config],
        };
        let request =
            IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
        let altered = self.call(&request).responses.remove(0);
        (altered.error_code, altered.error_message.unwrap_or_default())
    }

    fn describe(&mut self, topic: &str, name: &str) -> DescribeConfigsResourceResult {
        let resource = DescribeConfigsResource {
            resource_type: TOPIC,
            resource_name: topic.to_owned(),
            configuration_keys: Some(vec![name.to_owned()]),
        };
        let request = DescribeConfigsRequest {
            resources: vec![resource],
            include_synonyms: true,
            include_documentation: true,
        };
        self.call(&request).results.remove(0).configs.remove(0)
    }
}

#[test]
fn configs_are_changed_refused_and_described_as_in_kafka() {
    let dir = TempDir::new().expect("a directory");
    let mut dev = Dev::start(&dir.path().join("data"));
    let mut client = Client::new(&dev);
    let (code, message) = client.create("t", ("retention.msec", "1"));
    assert_eq!(code, ErrorCode::INVALID_CONFIG);
    assert!(message.contains("Did you mean retention.ms?"), "{message}");
    let (code, message) = client.create("t", ("remote.storage.enable", "true"));
    assert_eq!(code, ErrorCode::INVALID_CONFIG);
    assert!(message.contains("tiered storage"), "{message}");
    assert_eq!(client.create("t", ("retention.ms", "1000")).0, ErrorCode::NONE);

    let topic = (TOPIC, "t");
    let (code, message) = client.alter(topic, SET, ("retention.ms", "soon"));
    assert_eq!(code, ErrorCode::INVALID_CONFIG);
    assert!(message.contains("64-bit integer"), "{message}");
    let (code, _) = client.alter((TOPIC, "nowhere"), SET, ("retention.ms", "1"));
    assert_eq!(code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    let (code, message) = client.alter((BROKER, "1"), SET, ("log.dirs", "/x"));
    assert_ne!(code, ErrorCode::NONE);
    assert!(message.contains("log.dirs"), "{message}");

    let own = client.describe("t", "retention.ms");
    assert_eq!((own.value.as_deref(), own.config_source), (Some("1000"), 1));
    assert!(own.documentation.is_some());
    assert_eq!(client.alter(topic, DELETE, ("retention.ms", "")).0, ErrorCode::NONE);
    let all = (BROKER, "");
    assert_eq!(client.alter(all, SET, ("log.retention.ms", "2000")).0, ErrorCode::NONE);
    let inherited = client.describe("t", "retention.ms");
    assert_eq!((inherited.value.as_deref(), inherited.config_source), (Some("2000"), 3));
    assert_eq!(dev.terminate(), Some(0));
}

#[test]
fn a_limit_on_connections_holds_from_the_moment_it_is_set() {
    let dir = TempDir::new().expect("a directory");
    let mut dev = Dev::start(&dir.path().join("data"));
    let mut client = Client::new(&dev);
    let limit = ("max.connections.per.ip", "1");
    assert_eq!(client.alter((BROKER, ""), SET, limit).0, ErrorCode::NONE);
    let mut refused = TcpStream::connect(dev.kafka).expect("the kernel accepts");
    assert_eq!(refused.read(&mut [0; 1]).expect("closed at once"), 0);
    assert_eq!(client.alter((BROKER, ""), DELETE, limit).0, ErrorCode::NONE);
    assert_eq!(Client::new(&dev).create("t", ("retention.ms", "1")).0, ErrorCode::NONE);
    assert_eq!(dev.terminate(), Some(0));
}
