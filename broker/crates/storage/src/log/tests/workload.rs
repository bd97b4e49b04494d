//! A random but repeatable series of everything that can be done to a log, beside a model of it.

use std::collections::BTreeMap;
use std::path::Path;

use barnabas_records::{ControlType, EndTxnMarker};

use super::*;
use crate::directory::{OffsetCheckpoint, Offsets};

pub(super) const DIR: &str = "/data";
pub(super) const LOG_DIR: &str = "/data/topic-0";

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Append { count: i32 },
    Produce { producer: i64, transactional: bool },
    EndTxn { producer: i64, abort: bool },
    Flush,
    Roll,
    Checkpoint,
    Retention,
    DeleteRecords { percent: i64 },
    RemoveDeleted,
    Release,
    Truncate { back: i64 },
    NewEpoch,
}

/// SplitMix64.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

pub(super) fn steps(seed: u64, count: usize) -> Vec<Step> {
    let mut dice = Dice(seed);
    let mut one = || {
        let producer = 1 + dice.roll(3) as i64;
        match dice.roll(32) {
            0..=9 => Step::Append { count: 1 + dice.roll(4) as i32 },
            10..=14 => Step::Produce { producer, transactional: false },
            15..=17 => Step::Produce { producer: producer + 10, transactional: true },
            18 | 19 => Step::EndTxn { producer: producer + 10, abort: dice.roll(2) == 0 },
            20..=22 => Step::Flush,
            23 => Step::Roll,
            24 | 25 => Step::Checkpoint,
            26 => Step::Retention,
            27 => Step::DeleteRecords { percent: dice.roll(60) as i64 },
            28 => Step::RemoveDeleted,
            29 => Step::Release,
            30 => Step::Truncate { back: dice.roll(6) as i64 },
            _ => Step::NewEpoch,
        }
    };
    (0..count).map(|_| one()).collect()
}

/// A batch as it was appended; what recovery gives back must be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) base: i64,
    pub(super) next: i64,
    pub(super) crc: u32,
    pub(super) epoch: i32,
}

/// A transaction that got its marker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) producer: i64,
    pub(super) first: i64,
    pub(super) marker: i64,
    pub(super) abort: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    /// Every batch since offset 0, also those that retention removed.
    pub(super) batches: Vec<Stored>,
    pub(super) end: i64,
    /// Below it everything was flushed.
    pub(super) durable: i64,
    /// The highest start that was ever asked for or reached.
    pub(super) start_max: i64,
    pub(super) epoch: i32,
    /// Next sequence by producer.
    pub(super) sequences: BTreeMap<i64, i32>,
    /// Last sequence of a producer by the end of its batch.
    pub(super) history: Vec<(i64, i64, i32)>,
    pub(super) open_txns: BTreeMap<i64, i64>,
    pub(super) ended: Vec<Ended>,
    /// A truncation is under way.
    pub(super) truncating: bool,
    /// What the step that is under way appends.
    pub(super) in_flight: Option<Stored>,
}

pub(super) struct Run {
    pub(super) disk: SimDisk,
    pub(super) log: Log,
    pub(super) model: Model,
    now_ms: i64,
}

pub(super) fn small_segments() -> LogConfig {
    LogConfig {
        segment_bytes: 700,
        index_interval_bytes: 100,
        retention_bytes: 1500,
        retention_ms: -1,
        file_delete_delay_ms: 20,
        ..LogConfig::default()
    }
}

/// Opens the log as a broker does after a crash: with what the checkpoints say.
pub(super) fn reopen(disk: &SimDisk) -> Result<Log, LogError> {
    let partition = TopicPartition::new("topic", 0);
    let load = |checkpoint: OffsetCheckpoint| -> Result<i64, LogError> {
        let offsets = checkpoint.load(disk, Path::new(DIR))?;
        Ok(offsets.get(&partition).copied().unwrap_or(0))
    };
    let mut options = options(LOG_DIR);
    options.config = small_segments();
    options.clean_shutdown = false;
    options.recovery_point = load(OffsetCheckpoint::RecoveryPoint)?;
    options.log_start_offset = load(OffsetCheckpoint::LogStart)?;
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    Log::open(&disk, options)
}

impl Run {
    /// `None` if the disk crashes in the opening.
    pub(super) fn start(disk: &SimDisk) -> Option<Self> {
        let log = reopen(disk).ok()?;
        Some(Self { disk: disk.clone(), log, model: Model::default(), now_ms: 1_000 })
    }

    /// Runs a step; false if the disk crashed in it.
    pub(super) fn step(&mut self, step: Step) -> bool {
        self.now_ms += 10;
        let done = match step {
            Step::Append { count } => self.append(batch(count, self.now_ms)),
            Step::Produce { producer, transactional } => self.produce(producer, transactional),
            Step::EndTxn { producer, abort } => self.end_txn(producer, abort),
            Step::Flush => self.flush(),
            Step::Roll => self.log.roll(self.now_ms).is_ok(),
            Step::Checkpoint => self.checkpoint(),
            Step::Retention => {
                let applied = self.log.apply_retention(self.now_ms).is_ok();
                self.model.start_max = self.model.start_max.max(self.log.start_offset());
                applied
            }
            Step::DeleteRecords { percent } => self.delete_records(percent),
            Step::RemoveDeleted => self.log.remove_deleted(self.now_ms).is_ok(),
            Step::Release => self.log.release().is_ok(),
            Step::Truncate { back } => self.truncate(back),
            Step::NewEpoch => {
                self.model.epoch += 1;
                self.log.assign_epoch(self.model.epoch, self.log.end_offset());
                true
            }
        };
        assert!(done || self.disk.crashed(), "{step:?} failed without a crash");
        done
    }

    fn append(&mut self, batch: EncodedBatch) -> bool {
        let header = batch.header();
        let base = self.model.end;
        let stored = Stored {
            base,
            next: base + i64::from(header.last_offset_delta) + 1,
            crc: header.crc,
            epoch: self.model.epoch,
        };
        self.model.in_flight = Some(stored);
        let origin = if header.is_control() { Origin::Coordinator } else { Origin::Client };
        let appended = self.log.append_as_leader(&[batch], self.model.epoch, origin, self.now_ms);
        if self.disk.crashed() {
            return false;
        }
        assert_eq!(appended.unwrap().info().first_offset, base);
        self.model.in_flight = None;
        self.model.batches.push(stored);
        self.model.end = stored.next;
        self.log.set_high_watermark(stored.next);
        true
    }

    fn produce(&mut self, producer: i64, transactional: bool) -> bool {
        let sequence = self.model.sequences.get(&producer).copied().unwrap_or(0);
        let fields = ProducerFields { id: producer, epoch: 0, base_sequence: sequence };
        let mut builder = BatchBuilder::new(BatchOptions {
            producer: fields,
            transactional,
            ..BatchOptions::default()
        });
        builder.append(self.now_ms, None, Some(b"a"));
        builder.append(self.now_ms, None, Some(b"b"));
        let base = self.model.end;
        if !self.append(builder.build()) {
            return false;
        }
        self.model.sequences.insert(producer, sequence + 2);
        self.model.history.push((self.model.end, producer, sequence + 1));
        if transactional {
            self.model.open_txns.entry(producer).or_insert(base);
        }
        true
    }

    fn end_txn(&mut self, producer: i64, abort: bool) -> bool {
        let Some(first) = self.model.open_txns.get(&producer).copied() else { return true };
        let marker = self.model.end;
        if !self.append(end_marker(producer, 0, abort, self.now_ms)) {
            return false;
        }
        self.model.open_txns.remove(&producer);
        self.model.ended.push(Ended { producer, first, marker, abort });
        true
    }

    fn flush(&mut self) -> bool {
        let flushed = self.log.flush_all().is_ok();
        if flushed {
            self.model.durable = self.model.end;
        }
        flushed
    }

    fn checkpoint(&self) -> bool {
        let partition = TopicPartition::new("topic", 0);
        let points = Offsets::from([(partition.clone(), self.log.recovery_point())]);
        let starts = if self.log.start_needs_checkpoint() {
            Offsets::from([(partition, self.log.start_offset())])
        } else {
            Offsets::new()
        };
        let dir = Path::new(DIR);
        OffsetCheckpoint::RecoveryPoint.store(&self.disk, dir, &points).is_ok()
            && OffsetCheckpoint::LogStart.store(&self.disk, dir, &starts).is_ok()
    }

    fn delete_records(&mut self, percent: i64) -> bool {
        let start = self.log.start_offset();
        let to = start + (self.model.end - start) * percent / 100;
        self.model.start_max = self.model.start_max.max(to);
        self.log.increment_start_offset(to).is_ok()
    }

    fn truncate(&mut self, back: i64) -> bool {
        let to = (self.model.end - back).max(self.log.start_offset());
        let keep = self.model.batches.partition_point(|batch| batch.next <= to);
        let end = self.model.batches[..keep].last().map_or(0, |batch| batch.next);
        self.model.durable = self.model.durable.min(end);
        self.model.truncating = true;
        if self.log.truncate_to(to, self.now_ms).is_err() {
            return false;
        }
        self.model.truncating = false;
        self.forget_above(end);
        assert_eq!(self.log.end_offset(), end);
        self.checkpoint()
    }

    fn forget_above(&mut self, end: i64) {
        let model = &mut self.model;
        model.batches.retain(|batch| batch.next <= end);
        model.end = end;
        model.history.retain(|(next, ..)| *next <= end);
        for (producer, sequence) in &mut model.sequences {
            let last = model.history.iter().rev().find(|(_, id, _)| id == producer);
            *sequence = last.map_or(0, |(.., last)| last + 1);
        }
        model.open_txns.retain(|_, first| *first < end);
        for txn in model.ended.extract_if(.., |txn| txn.marker >= end) {
            if txn.first < end {
                model.open_txns.insert(txn.producer, txn.first);
            }
        }
    }
}

pub(super) fn end_marker(id: i64, epoch: i16, abort: bool, timestamp: i64) -> EncodedBatch {
    let mut builder = BatchBuilder::new(BatchOptions {
        producer: ProducerFields { id, epoch, base_sequence: -1 },
        transactional: true,
        control: true,
        ..BatchOptions::default()
    });
    let kind = if abort { ControlType::Abort } else { ControlType::Commit };
    let value = EndTxnMarker { coordinator_epoch: 0 }.encode();
    builder.append(timestamp, Some(&kind.key()), Some(&value));
    builder.build()
}

/// The batches of a log from its start on.
pub(super) fn content(log: &Log) -> Vec<Stored> {
    let mut found = Vec::new();
    let (mut offset, end) = (log.start_offset(), log.end_offset());
    while offset < end {
        let request =
            ReadRequest { offset, max_bytes: 250, upper: end, min_one: true, aborted: false };
        let bytes = log.read(&request).unwrap().range.expect("below the end").read().unwrap();
        for batch in barnabas_records::Batches::new(bytes) {
            let batch = batch.unwrap();
            batch.verify().unwrap();
            let header = batch.header;
            found.push(Stored {
                base: header.base_offset,
                next: header.next_offset(),
                crc: header.crc,
                epoch: header.partition_leader_epoch,
            });
            offset = header.next_offset();
        }
    }
    found
}
