//! A client that asks one node.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use barnabas_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use barnabas_wire::api::describe_quorum::{
    DescribeQuorumRequest, RequestPartitionData, RequestTopicData, ResponsePartitionData,
};
use barnabas_wire::api::metadata::{MetadataRequest, MetadataResponse};
use barnabas_wire::{Decoder, ErrorCode, Message, Request, ResponseHeader, encode_request};

/// Longer than a broker tries to reach a controller.
const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) struct Client {
    stream: TcpStream,
}

impl Client {
    pub(crate) fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream })
    }

    pub(crate) fn ask<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        self.try_ask(version, request).expect("answers")
    }

    /// Fails when the node ends.
    pub(crate) fn try_ask<R: Request>(
        &mut self,
        version: i16,
        request: &R,
    ) -> io::Result<R::Response> {
        let frame = encode_request(version, 1, Some("cluster"), request).expect("encodes");
        self.stream.write_all(&frame.bytes)?;
        let mut size = [0; 4];
        self.stream.read_exact(&mut size)?;
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(size)).expect("a size")];
        self.stream.read_exact(&mut frame)?;
        let mut decoder = Decoder::new(frame.into());
        ResponseHeader::decode(&mut decoder, R::KEY, version).expect("has a header");
        Ok(R::Response::decode(&mut decoder, version).expect("is a response"))
    }

    pub(crate) fn create(&mut self, topic: &str) -> ErrorCode {
        self.create_with(topic, 3)
    }

    pub(crate) fn create_with(&mut self, topic: &str, replication_factor: i16) -> ErrorCode {
        let topic = CreatableTopic {
            name: topic.to_owned(),
            num_partitions: 1,
            replication_factor,
            ..CreatableTopic::default()
        };
        let topics = vec![topic];
        let request = CreateTopicsRequest { topics, timeout_ms: 30_000, validate_only: false };
        let outcome = self.ask(7, &request).topics.remove(0);
        if let Some(message) = outcome.error_message {
            println!("topic {}: {message}", outcome.name);
        }
        outcome.error_code
    }

    fn metadata(&mut self) -> MetadataResponse {
        let request = MetadataRequest { topics: None, ..MetadataRequest::default() };
        self.ask(9, &request)
    }

    pub(crate) fn topics(&mut self) -> Vec<String> {
        self.metadata().topics.into_iter().filter_map(|topic| topic.name).collect()
    }

    /// The brokers that are not fenced, as far as this one knows.
    pub(crate) fn brokers(&mut self) -> usize {
        self.metadata().brokers.len()
    }

    /// The leader of a topic's only partition; none while it has none, or this node does not know
    /// the topic yet.
    pub(crate) fn leader(&mut self, topic: &str) -> Option<i32> {
        let topics = self.metadata().topics;
        let topic = topics.into_iter().find(|known| known.name.as_deref() == Some(topic))?;
        Some(topic.partitions[0].leader_id).filter(|leader| *leader >= 0)
    }

    pub(crate) fn quorum(&mut self) -> ResponsePartitionData {
        let topic = RequestTopicData {
            topic_name: "__cluster_metadata".to_owned(),
            partitions: vec![RequestPartitionData { partition_index: 0 }],
        };
        let answer = self.ask(2, &DescribeQuorumRequest { topics: vec![topic] });
        assert_eq!(answer.error_code, ErrorCode::NONE);
        answer.topics[0].partitions[0].clone()
    }
}
