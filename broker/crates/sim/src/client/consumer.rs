//! Consumers of one partition, and the reading of everything at the end.

use std::sync::Arc;
use std::time::Duration;

use barnabas_records::{BatchError, Batches};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic, PartitionData};
use bytes::Bytes;
use tokio::sync::watch;

use super::{Lost, Router};
use crate::history::{History, Partition, Read, Value};

const VERSION: i16 = 11;
const BACKOFF: Duration = Duration::from_millis(100);
const REQUEST: Duration = Duration::from_secs(5);
const WAIT_MS: i32 = 500;

/// Reads a partition from the beginning, over and over.
#[derive(Debug)]
pub struct Consumer {
    /// The way to the brokers.
    pub router: Router,
    /// Where it writes down what it read.
    pub history: Arc<History>,
    /// The partition.
    pub partition: Partition,
    /// Says when to stop.
    pub stop: watch::Receiver<bool>,
}

impl Consumer {
    /// Runs until stopped.
    pub async fn run(mut self) {
        let mut offset = 0;
        while !*self.stop.borrow() {
            match fetch(&mut self.router, &self.partition, offset, WAIT_MS).await {
                Ok(fetched) => {
                    self.history.read(&self.partition, offset, &fetched.reads);
                    offset = fetched.next(offset);
                    if offset > 0 && self.router.random().chance(0.002) {
                        let back = self.router.random().within(0..offset.unsigned_abs());
                        offset = i64::try_from(back).unwrap_or(0);
                    }
                }
                Err(ErrorCode::OFFSET_OUT_OF_RANGE) => {
                    self.history.out_of_range(&self.partition, offset);
                    offset = 0;
                    tokio::time::sleep(BACKOFF).await;
                }
                Err(_) => {
                    self.router.forget_leader(&self.partition);
                    tokio::time::sleep(BACKOFF).await;
                }
            }
        }
    }
}

/// Reads a partition from the beginning to the high watermark, and as far as anybody was told that
/// it goes.
///
/// # Errors
/// The code of the last failure, when it cannot be read for so long.
pub async fn read_all(
    router: &mut Router,
    partition: &Partition,
    history: &History,
    patience: Duration,
) -> Result<Vec<Read>, ErrorCode> {
    let deadline = tokio::time::Instant::now() + patience;
    let end = history.end(partition);
    let mut all = Vec::new();
    let mut offset = 0;
    loop {
        match fetch(router, partition, offset, 0).await {
            Ok(fetched) => {
                history.read(partition, offset, &fetched.reads);
                offset = fetched.next(offset);
                all.extend(fetched.reads);
                let everything = offset >= fetched.high_watermark.max(end);
                if everything || tokio::time::Instant::now() > deadline {
                    return Ok(all);
                }
                if offset >= fetched.high_watermark {
                    tokio::time::sleep(BACKOFF).await;
                }
            }
            Err(code) if tokio::time::Instant::now() > deadline => return Err(code),
            Err(_) => {
                router.forget_leader(partition);
                tokio::time::sleep(BACKOFF).await;
            }
        }
    }
}

struct Fetched {
    high_watermark: i64,
    reads: Vec<Read>,
}

impl Fetched {
    fn next(&self, offset: i64) -> i64 {
        self.reads.last().map_or(offset, |read| read.offset + 1)
    }
}

async fn fetch(
    router: &mut Router,
    partition: &Partition,
    offset: i64,
    max_wait_ms: i32,
) -> Result<Fetched, ErrorCode> {
    let lost = |_: Lost| ErrorCode::NETWORK_EXCEPTION;
    let connection = router.leader(partition).await.map_err(lost)?;
    let max_bytes = if router.random().chance(0.2) { 200 } else { 1 << 20 };
    let wanted = FetchPartition {
        partition: partition.number,
        fetch_offset: offset,
        current_leader_epoch: router.leader_epoch(partition),
        partition_max_bytes: max_bytes,
        ..FetchPartition::default()
    };
    let request = FetchRequest {
        replica_id: -1,
        max_wait_ms,
        min_bytes: 1,
        max_bytes: 1 << 20,
        session_epoch: -1,
        topics: vec![FetchTopic {
            topic: partition.topic.to_string(),
            partitions: vec![wanted],
            ..FetchTopic::default()
        }],
        ..FetchRequest::default()
    };
    let response = connection.call(VERSION, &request, REQUEST).await.map_err(lost)?;
    if response.error_code != ErrorCode::NONE {
        return Err(response.error_code);
    }
    let data = response.responses.first().and_then(|topic| topic.partitions.first());
    let data = data.ok_or(ErrorCode::UNKNOWN_SERVER_ERROR)?;
    if data.error_code != ErrorCode::NONE {
        return Err(data.error_code);
    }
    let reads = reads(data, offset).map_err(|_| ErrorCode::CORRUPT_MESSAGE)?;
    Ok(Fetched { high_watermark: data.high_watermark, reads })
}

/// The records at and above the offset; an incomplete batch at the end is left out.
fn reads(data: &PartitionData, offset: i64) -> Result<Vec<Read>, BatchError> {
    let bytes = data.records.as_ref().and_then(|records| records.bytes().cloned());
    decode(bytes.unwrap_or_default(), offset)
}

/// The records of batches, at and above an offset.
pub(crate) fn decode(bytes: Bytes, offset: i64) -> Result<Vec<Read>, BatchError> {
    let mut found = Vec::new();
    for batch in Batches::new(bytes) {
        let batch = batch?;
        batch.verify()?;
        if batch.header.is_control() {
            continue;
        }
        let payload = batch.decompress(1 << 20)?;
        for record in batch.records(&payload) {
            let record = record?;
            if record.offset >= offset {
                let value = record.value.and_then(Value::parse);
                let epoch = batch.header.partition_leader_epoch;
                found.push(Read { offset: record.offset, epoch, value });
            }
        }
    }
    Ok(found)
}
