//! A small Kafka client on our own wire crate: one connection, requests one at a time or pipelined.
//! It talks to the address that it is given and never follows Metadata, so it works through a
//! forwarded port, and costs next to nothing beside the broker that it measures.

mod admin;
mod state;

pub use state::{Partition, Quorum};

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use barnabas_records::{BatchBuilder, BatchOptions};
use barnabas_wire::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use barnabas_wire::api::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData,
};
use barnabas_wire::{Decoder, ErrorCode, Message, Request, ResponseHeader, encode_request};
use bytes::Bytes;

use crate::failure::{Context, Failure, Result};
use crate::{ensure, fail};

/// Versions that Apache Kafka 4.3 and we both speak, and that name topics instead of giving ids.
pub const PRODUCE_VERSION: i16 = 11;
/// The same.
pub const FETCH_VERSION: i16 = 12;

/// No response of a test is larger.
const RESPONSE_MAX: usize = 128 * 1024 * 1024;
const CLIENT_ID: Option<&str> = Some("barnabas-e2e");

/// A connection to one broker.
pub struct Connection {
    stream: TcpStream,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens at the address.
    pub fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).context(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream })
    }

    /// How long an answer may take from now on.
    ///
    /// # Errors
    /// When the system refuses the limit.
    pub fn answer_within(&self, limit: Duration) -> Result<()> {
        Ok(self.stream.set_read_timeout(Some(limit))?)
    }

    /// Connects as soon as somebody listens.
    ///
    /// # Errors
    /// When nobody does within `limit`.
    pub fn open_within(address: &str, limit: Duration) -> Result<Self> {
        let deadline = Instant::now() + limit;
        loop {
            match Self::open(address) {
                Ok(connection) => return Ok(connection),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// A second handle on the same connection, to read while another thread writes.
    ///
    /// # Errors
    /// When the system has no more descriptors.
    pub fn share(&self) -> Result<Self> {
        Ok(Self { stream: self.stream.try_clone()? })
    }

    /// Sends a request and waits for its response.
    ///
    /// # Errors
    /// When the connection ends or the response is not one.
    pub fn request<R: Request>(&mut self, request: &R, version: i16) -> Result<R::Response> {
        self.send(&frame(request, version)?)?;
        self.receive::<R>(version)
    }

    /// Sends a frame that was encoded before.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn send(&mut self, frame: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(frame)?)
    }

    /// Waits for the response to the oldest request that has none yet.
    ///
    /// # Errors
    /// When the connection ends or the response is not one.
    pub fn receive<R: Request>(&mut self, version: i16) -> Result<R::Response> {
        let mut decoder = Decoder::new(self.receive_bytes()?);
        ResponseHeader::decode(&mut decoder, R::KEY, version)?;
        Ok(R::Response::decode(&mut decoder, version)?)
    }

    /// Waits for a frame, and returns it without its size.
    ///
    /// # Errors
    /// When the connection ends, or the frame is larger than any response.
    pub fn receive_bytes(&mut self) -> Result<Bytes> {
        let mut size = [0; 4];
        self.stream.read_exact(&mut size).context("the broker closed the connection")?;
        let size = usize::try_from(i32::from_be_bytes(size)).unwrap_or(usize::MAX);
        ensure!(size <= RESPONSE_MAX, "a response of {size} bytes");
        let mut body = Vec::with_capacity(size);
        let read = (&mut self.stream).take(size as u64).read_to_end(&mut body)?;
        ensure!(read == size, "the response ends after {read} of {size} bytes");
        Ok(body.into())
    }

    /// Produces a batch, again and again until the partition has a leader.
    ///
    /// # Errors
    /// When the broker refuses for another reason, or for too long.
    pub fn produce(&mut self, topic: &str, partition: i32, batch: Bytes) -> Result<i64> {
        let request = produce_request(topic, partition, batch);
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let response = self.request(&request, PRODUCE_VERSION)?;
            match acknowledged(&response) {
                Ok(offset) => return Ok(offset),
                Err(code) if !is_transient(code) || Instant::now() > deadline => {
                    fail!("producing to {topic}-{partition}: {code:?}");
                }
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Fetches batches of some partitions, each from an offset.
    ///
    /// # Errors
    /// When the broker refuses one.
    pub fn fetch(&mut self, topic: &str, from: &[(i32, i64)]) -> Result<FetchResponse> {
        let response = self.request(&fetch_request(topic, from), FETCH_VERSION)?;
        for partition in response.responses.iter().flat_map(|topic| &topic.partitions) {
            let code = partition.error_code;
            let index = partition.partition_index;
            ensure!(code == ErrorCode::NONE, "fetching {topic}-{index}: {code:?}");
        }
        Ok(response)
    }
}

/// The bytes of a request, its size included.
///
/// # Errors
/// When the version cannot carry the request.
pub fn frame<R: Request>(request: &R, version: i16) -> Result<Bytes> {
    Ok(encode_request(version, 1, CLIENT_ID, request)?.bytes)
}

/// A request to append a batch, acknowledged by all replicas.
pub fn produce_request(topic: &str, partition: i32, batch: Bytes) -> ProduceRequest {
    ProduceRequest {
        transactional_id: None,
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: topic.to_owned(),
            partition_data: vec![PartitionProduceData { index: partition, records: Some(batch) }],
            ..TopicProduceData::default()
        }],
    }
}

/// The offset of the batch, or why it was refused.
///
/// # Errors
/// The code of the first partition that refused.
pub fn acknowledged(response: &ProduceResponse) -> std::result::Result<i64, ErrorCode> {
    let mut offset = -1;
    for partition in response.responses.iter().flat_map(|topic| &topic.partition_responses) {
        if partition.error_code != ErrorCode::NONE {
            return Err(partition.error_code);
        }
        offset = partition.base_offset;
    }
    Ok(offset)
}

/// A batch of records, all with the same timestamp and without keys.
pub fn batch<'a>(timestamp_ms: i64, values: impl IntoIterator<Item = &'a [u8]>) -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    for value in values {
        builder.append(timestamp_ms, None, Some(value));
    }
    builder.build().to_bytes()
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// A request for batches of some partitions of a topic, each from an offset.
pub fn fetch_request(topic: &str, from: &[(i32, i64)]) -> FetchRequest {
    let partitions = from
        .iter()
        .map(|(partition, offset)| FetchPartition {
            partition: *partition,
            fetch_offset: *offset,
            partition_max_bytes: 1024 * 1024,
            ..FetchPartition::default()
        })
        .collect();
    FetchRequest {
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: 50 * 1024 * 1024,
        topics: vec![FetchTopic { topic: topic.to_owned(), partitions, ..FetchTopic::default() }],
        ..FetchRequest::default()
    }
}

fn is_transient(code: ErrorCode) -> bool {
    [
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode::LEADER_NOT_AVAILABLE,
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode::COORDINATOR_NOT_AVAILABLE,
        ErrorCode::NOT_COORDINATOR,
    ]
    .contains(&code)
}

/// Reads the values of one partition from an offset up to another.
///
/// # Errors
/// When the broker refuses, or the batches are not well-formed.
pub fn read_values(
    connection: &mut Connection,
    topic: &str,
    partition: i32,
    start: i64,
    end: i64,
) -> Result<Vec<Vec<u8>>> {
    let mut values = Vec::new();
    let mut offset = start;
    while offset < end {
        let response = connection.fetch(topic, &[(partition, offset)])?;
        let before = offset;
        for data in response.responses.into_iter().flat_map(|topic| topic.partitions) {
            let records = data.records.unwrap_or_default();
            let Some(bytes) = records.bytes().cloned() else { continue };
            for batch in barnabas_records::Batches::new(bytes) {
                let batch = batch.map_err(|error| Failure::new(format!("{error}")))?;
                batch.verify()?;
                let payload = batch.decompress(RESPONSE_MAX)?;
                for record in batch.records(&payload) {
                    let record = record?;
                    // A fetch may begin with earlier records of the same batch.
                    if record.offset < start {
                        continue;
                    }
                    values.push(record.value.unwrap_or_default().to_vec());
                }
                offset = offset.max(batch.header.last_offset() + 1);
            }
        }
        ensure!(offset > before, "nothing is fetched from {topic}-{partition} at {offset}");
    }
    Ok(values)
}
