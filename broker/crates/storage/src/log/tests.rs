use std::path::PathBuf;

use barnabas_records::{BatchBuilder, BatchOptions, EncodedBatch, ProducerFields};

use super::*;
use crate::disk::{Disk, RealDisk, SimDisk};
use crate::producer::{Origin, ProducerError};

mod crash;
mod faults;
mod plain;
mod retention;
mod transactions;
mod workload;

pub(super) fn open_real(options: OpenOptions) -> Log {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    Log::open(&disk, options).unwrap()
}

/// A batch of `count` records with timestamps from `timestamp` on.
pub(super) fn batch(count: i32, timestamp: i64) -> EncodedBatch {
    produced(count, timestamp, ProducerFields::NONE)
}

fn produced(count: i32, timestamp: i64, producer: ProducerFields) -> EncodedBatch {
    let mut builder = BatchBuilder::new(BatchOptions { producer, ..BatchOptions::default() });
    for number in 0..count {
        let value = format!("value {number} at {timestamp}");
        builder.append(timestamp + i64::from(number), None, Some(value.as_bytes()));
    }
    builder.build()
}

pub(super) fn options(dir: impl Into<PathBuf>) -> OpenOptions {
    OpenOptions::new(dir.into(), TopicPartition::new("topic", 0), 1_000)
}

pub(super) fn open_sim(disk: &SimDisk, options: OpenOptions) -> Log {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    Log::open(&disk, options).unwrap()
}

pub(super) fn append(log: &Log, batch: EncodedBatch) -> AppendInfo {
    match log.append_as_leader(&[batch], 0, Origin::Client, 1_000).unwrap() {
        Appended::Written(info) => info,
        Appended::Duplicate(info) => panic!("duplicate {info:?}"),
    }
}

/// Every batch from `offset` on, read as a client does: (base offset, last offset).
pub(super) fn read_all(log: &Log, mut offset: i64) -> Vec<(i64, i64)> {
    let mut found = Vec::new();
    let end = log.end_offset();
    while offset < end {
        let request =
            ReadRequest { offset, max_bytes: 300, upper: end, min_one: true, aborted: false };
        let result = log.read(&request).unwrap();
        let bytes = result.range.expect("there is a batch below the end").read().unwrap();
        let before = offset;
        for batch in barnabas_records::Batches::new(bytes) {
            let batch = batch.unwrap();
            batch.verify().unwrap();
            if batch.header.last_offset() >= offset {
                found.push((batch.header.base_offset, batch.header.last_offset()));
                offset = batch.header.next_offset();
            }
        }
        assert!(offset > before, "no progress at {offset}");
    }
    found
}
