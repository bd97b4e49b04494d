//! A client that does what it is told and nothing else.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use barnabas_records::{BatchBuilder, BatchOptions, Batches, ProducerFields};
use barnabas_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use barnabas_wire::api::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use barnabas_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
use barnabas_wire::api::find_coordinator::FindCoordinatorRequest;
use barnabas_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use barnabas_wire::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use barnabas_wire::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use barnabas_wire::{Decoder, ErrorCode, Message, Request, ResponseHeader, encode_request};
use bytes::Bytes;

const PATIENCE: Duration = Duration::from_secs(30);
/// What a value is filled up to, so that segments roll in a short test.
const VALUE_BYTES: usize = 1_500;

pub struct Client {
    stream: TcpStream,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream }
    }

    pub fn ask<R: Request>(&mut self, version: i16, request: &R) -> io::Result<R::Response> {
        let frame = encode_request(version, 1, Some("kill"), request).unwrap();
        self.stream.write_all(&frame.bytes)?;
        let mut size = [0; 4];
        self.stream.read_exact(&mut size)?;
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(size)).unwrap()];
        self.stream.read_exact(&mut frame)?;
        let mut decoder = Decoder::new(frame.into());
        ResponseHeader::decode(&mut decoder, R::KEY, version).unwrap();
        Ok(R::Response::decode(&mut decoder, version).unwrap())
    }

    pub fn create(&mut self, topics: &[String], partitions: i32) {
        let topic = |name: &String| CreatableTopic {
            name: name.clone(),
            num_partitions: partitions,
            replication_factor: 1,
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest {
            topics: topics.iter().map(topic).collect(),
            timeout_ms: 30_000,
            ..CreateTopicsRequest::default()
        };
        let response = self.ask(5, &request).unwrap();
        assert!(response.topics.iter().all(|topic| topic.error_code == ErrorCode::NONE));
    }

    pub fn delete(&mut self, topic: &str) {
        let state = DeleteTopicState { name: Some(topic.into()), ..DeleteTopicState::default() };
        let request = DeleteTopicsRequest {
            topics: vec![state],
            timeout_ms: 30_000,
            ..DeleteTopicsRequest::default()
        };
        let response = self.ask(6, &request).unwrap();
        assert_eq!(response.responses[0].error_code, ErrorCode::NONE);
    }

    /// Produces a record with acks=all; its offset once it is acknowledged, an error if the
    /// connection broke before.
    pub fn produce(
        &mut self,
        topic: &str,
        partition: i32,
        value: &str,
        producer: ProducerFields,
    ) -> io::Result<Result<i64, ErrorCode>> {
        let mut builder = BatchBuilder::new(BatchOptions { producer, ..BatchOptions::default() });
        let padded = format!("{value:<VALUE_BYTES$}");
        builder.append(now_ms(), None, Some(padded.as_bytes()));
        let data =
            PartitionProduceData { index: partition, records: Some(builder.build().to_bytes()) };
        let request = ProduceRequest {
            acks: -1,
            timeout_ms: 30_000,
            topic_data: vec![TopicProduceData {
                name: topic.into(),
                partition_data: vec![data],
                ..TopicProduceData::default()
            }],
            ..ProduceRequest::default()
        };
        let response = self.ask(9, &request)?;
        let answer = &response.responses[0].partition_responses[0];
        Ok(if answer.error_code == ErrorCode::NONE {
            Ok(answer.base_offset)
        } else {
            Err(answer.error_code)
        })
    }

    /// Every record of a partition, by offset.
    pub fn read_all(&mut self, topic: &str, partition: i32) -> Vec<(i64, String)> {
        let begin = Instant::now();
        let mut found = Vec::new();
        let mut offset = 0;
        loop {
            let wanted = FetchPartition {
                partition,
                fetch_offset: offset,
                current_leader_epoch: -1,
                partition_max_bytes: 1 << 20,
                ..FetchPartition::default()
            };
            let request = FetchRequest {
                replica_id: -1,
                max_bytes: 1 << 20,
                session_epoch: -1,
                topics: vec![FetchTopic {
                    topic: topic.into(),
                    partitions: vec![wanted],
                    ..FetchTopic::default()
                }],
                ..FetchRequest::default()
            };
            let response = self.ask(11, &request).unwrap();
            let data = &response.responses[0].partitions[0];
            if data.error_code != ErrorCode::NONE {
                assert!(begin.elapsed() < PATIENCE, "{topic}-{partition}: {:?}", data.error_code);
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            let bytes = data.records.as_ref().and_then(|records| records.bytes().cloned());
            collect(bytes.unwrap_or_default(), &mut offset, &mut found);
            if offset >= data.high_watermark {
                return found;
            }
        }
    }

    /// Waits until groups have a coordinator: asking for it makes their topic.
    pub fn find_coordinator(&mut self, group: &str) {
        let begin = Instant::now();
        let request = FindCoordinatorRequest { key: group.into(), ..Default::default() };
        loop {
            let response = self.ask(3, &request).unwrap();
            if response.error_code == ErrorCode::NONE {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "coordinator: {:?}", response.error_code);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn commit(&mut self, group: &str, topic: &str, offset: i64) -> io::Result<ErrorCode> {
        let request = OffsetCommitRequest {
            group_id: group.into(),
            generation_id_or_member_epoch: -1,
            topics: vec![OffsetCommitRequestTopic {
                name: topic.into(),
                partitions: vec![OffsetCommitRequestPartition {
                    committed_offset: offset,
                    ..OffsetCommitRequestPartition::default()
                }],
                ..OffsetCommitRequestTopic::default()
            }],
            ..OffsetCommitRequest::default()
        };
        Ok(self.ask(8, &request)?.topics[0].partitions[0].error_code)
    }

    /// The committed offset, once the groups are loaded.
    pub fn committed(&mut self, group: &str, topic: &str) -> i64 {
        let begin = Instant::now();
        loop {
            let request = OffsetFetchRequest {
                groups: vec![OffsetFetchRequestGroup {
                    group_id: group.into(),
                    topics: Some(vec![OffsetFetchRequestTopics {
                        name: topic.into(),
                        partition_indexes: vec![0],
                        ..OffsetFetchRequestTopics::default()
                    }]),
                    ..OffsetFetchRequestGroup::default()
                }],
                ..OffsetFetchRequest::default()
            };
            let response = self.ask(8, &request).unwrap();
            let group = &response.groups[0];
            if group.error_code == ErrorCode::NONE {
                return group.topics[0].partitions[0].committed_offset;
            }
            assert!(begin.elapsed() < PATIENCE, "groups: {:?}", group.error_code);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn collect(bytes: Bytes, offset: &mut i64, found: &mut Vec<(i64, String)>) {
    for batch in Batches::new(bytes) {
        let batch = batch.unwrap();
        batch.verify().unwrap();
        let records = batch.decompress(1 << 20).unwrap();
        for record in batch.records(&records) {
            let record = record.unwrap();
            let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
            found.push((record.offset, value.trim_end().to_owned()));
        }
        *offset = batch.header.next_offset();
    }
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}
