//! The consumer of one partition: reads what is committed while the load runs, and once more from
//! the beginning when it is over.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::fetch::{FetchRequest, FetchResponse, PartitionData};
use barnabas_wire::api::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::client::{Client, Leader};
use super::history::History;
use super::record::Id;
use crate::failure::{Failure, Result};
use crate::kafka::{self, FETCH_VERSION};

const LIST_OFFSETS_VERSION: i16 = 7;
/// A consumer that is a little lazy leaves more of the machine to the brokers.
const PAUSE: Duration = Duration::from_millis(20);
/// The partitions share a connection, and a fetch that waits holds up those behind it.
const WAIT_MS: i32 = 50;
/// No batch of ours is larger when it is unpacked.
const BATCH_MAX: usize = 16 * 1024 * 1024;

/// What a read gave, if the broker did not refuse it.
type Read = std::result::Result<Vec<(i64, Id)>, Refused>;

enum Refused {
    /// Later, or another broker, may answer.
    Retry,
    /// It must not happen.
    Wrong(String),
}

/// The consumer of one partition.
pub struct Reader {
    client: Arc<Client>,
    partition: i32,
}

impl Reader {
    /// A consumer that begins at the beginning.
    pub fn new(client: &Arc<Client>, partition: i32) -> Self {
        Self { client: Arc::clone(client), partition }
    }

    /// Reads on and on until `stop` says so.
    pub async fn follow(self, history: Arc<Mutex<History>>, mut stop: watch::Receiver<bool>) {
        let mut offset = 0;
        let mut refused = 0;
        while !*stop.borrow() {
            let read = tokio::select! {
                biased;
                _ = stop.changed() => return,
                read = self.read(offset) => read,
            };
            match read {
                Ok(records) => {
                    let mut history = history.lock().unwrap_or_else(PoisonError::into_inner);
                    for (at, id) in records {
                        history.saw(self.partition, at, id);
                        offset = at + 1;
                    }
                    refused = 0;
                }
                Err(Refused::Retry) => {
                    refused += 1;
                    sleep(self.client.patience().retry.after(refused - 1)).await;
                }
                Err(Refused::Wrong(what)) => {
                    history.lock().unwrap_or_else(PoisonError::into_inner).wrong(what);
                    return;
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// Everything that the partition holds, when it holds at least all before `end`.
    ///
    /// # Errors
    /// When it does not within `limit`, or the records are not ours.
    pub async fn whole(&self, end: i64, limit: Duration) -> Result<Vec<(i64, Id)>> {
        let deadline = Instant::now() + limit;
        let mut records: Vec<(i64, Id)> = Vec::new();
        let mut offset = 0;
        let mut last = end;
        while offset < last {
            // A leader that was just elected learns only by and by how far the log is committed.
            if let Some(now) = self.end_offset().await {
                last = last.max(now);
            }
            match self.read(offset).await {
                Ok(read) => {
                    offset = read.last().map_or(offset, |(at, _)| at + 1);
                    records.extend(read);
                }
                Err(Refused::Retry) => sleep(PAUSE).await,
                Err(Refused::Wrong(what)) => return Err(Failure::new(what)),
            }
            if Instant::now() > deadline {
                // What is missing is counted as lost.
                break;
            }
        }
        Ok(records)
    }

    async fn end_offset(&self) -> Option<i64> {
        let leader = self.client.leader(self.partition)?;
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![ListOffsetsTopic {
                name: self.client.topic().to_owned(),
                partitions: vec![ListOffsetsPartition {
                    partition_index: self.partition,
                    timestamp: -1,
                    ..ListOffsetsPartition::default()
                }],
            }],
            ..ListOffsetsRequest::default()
        };
        let response = self.client.call(leader.id, &request, LIST_OFFSETS_VERSION).await.ok()?;
        let answer = response.topics.into_iter().flat_map(|topic| topic.partitions).next()?;
        (answer.error_code == ErrorCode::NONE).then_some(answer.offset)
    }

    async fn read(&self, offset: i64) -> Read {
        let Some(leader) = self.client.leader(self.partition) else {
            self.client.renew();
            return Err(Refused::Retry);
        };
        let request = FetchRequest {
            max_wait_ms: WAIT_MS,
            ..kafka::fetch_request(self.client.topic(), &[(self.partition, offset)])
        };
        let Ok(response) = self.client.call(leader.id, &request, FETCH_VERSION).await else {
            self.client.renew();
            return Err(Refused::Retry);
        };
        let data = only_partition(response).ok_or(Refused::Retry)?;
        let code = data.error_code;
        if code == ErrorCode::OFFSET_OUT_OF_RANGE {
            let partition = self.partition;
            let what = format!("{partition}@{offset} is out of range at {}", leader.id);
            return Err(Refused::Wrong(what));
        }
        if code != ErrorCode::NONE {
            let told = data.current_leader;
            if told.leader_id >= 0 {
                let leader = Leader { id: told.leader_id, epoch: told.leader_epoch };
                self.client.learn(self.partition, leader);
            }
            self.client.renew();
            return Err(Refused::Retry);
        }
        let bytes = data.records.and_then(|records| records.bytes().cloned()).unwrap_or_default();
        records(bytes, offset)
            .map_err(|error| Refused::Wrong(format!("{}@{offset}: {error}", self.partition)))
    }
}

fn only_partition(response: FetchResponse) -> Option<PartitionData> {
    response.responses.into_iter().flat_map(|topic| topic.partitions).next()
}

fn records(bytes: Bytes, from: i64) -> Result<Vec<(i64, Id)>> {
    let mut found = Vec::new();
    for batch in barnabas_records::Batches::new(bytes) {
        // The last batch of a fetch may be cut off.
        let Ok(batch) = batch else { break };
        batch.verify()?;
        let payload = batch.decompress(BATCH_MAX)?;
        for record in batch.records(&payload) {
            let record = record?;
            // A fetch may begin with earlier records of the same batch.
            if record.offset < from {
                continue;
            }
            let id = Id::of(record.value.unwrap_or_default());
            let id = id.ok_or_else(|| Failure::new("a record that nobody sent"))?;
            found.push((record.offset, id));
        }
    }
    Ok(found)
}
