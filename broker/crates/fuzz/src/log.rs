//! A partition directory as a crash, or somebody else, left it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use barnabas_records::{BatchBuilder, BatchHeader, BatchOptions, HEADER_LEN};
use barnabas_storage::directory::TopicPartition;
use barnabas_storage::{Disk, Log, LogConfig, OpenOptions, Origin, ReadRequest, SimDisk};
use barnabas_wire::Source;

use crate::files::{push, split, write};
use crate::memory::bounded;
use crate::records;

const NAMES: [&str; 8] = [
    "00000000000000000000.log",
    "00000000000000000000.index",
    "00000000000000000000.timeindex",
    "00000000000000000000.txnindex",
    "00000000000000000002.snapshot",
    "leader-epoch-checkpoint",
    "00000000000000000005.log",
    "partition.metadata",
];
const LOG: u8 = 0;
const SNAPSHOT: u8 = 4;
const EPOCHS: u8 = 5;
const NEXT_LOG: u8 = 6;
/// First offset of the second segment.
const NEXT_BASE: i64 = 5;

/// The log was closed in order: nothing is checked.
const CLEAN: u8 = 1;
/// Checksums are put right, so that what lies behind them is reached.
const SEAL: u8 = 2;

/// Memory of opening a log, the simulated disk included.
const MEMORY: usize = 64 << 20;
const NOW_MS: i64 = 1_700_000_000_000;
/// Reads of a log, at most: each of at least one batch.
const READS: usize = 1000;

/// Reads a byte of flags, then files (see [`crate::files`]), and opens the log in them.
pub fn run(data: &[u8]) {
    let Some((flags, data)) = data.split_first() else { return };
    let disk = SimDisk::new(1);
    let dir = Path::new("/data/topic-0");
    if disk.create_dir(dir).is_err() {
        return;
    }
    for (name, mut content) in split(data, NAMES.len()) {
        if flags & SEAL != 0 {
            seal(name, &mut content);
        }
        if write(&disk, &dir.join(NAMES[name]), &content).is_err() {
            return;
        }
    }
    let disk: Arc<dyn Disk> = Arc::new(disk);
    exercise(&disk, dir.to_path_buf(), flags & CLEAN != 0);
}

/// A log that opens can be read, and opens again as it was. One whose files were checked can be
/// appended to.
fn exercise(disk: &Arc<dyn Disk>, dir: PathBuf, clean_shutdown: bool) {
    let partition = TopicPartition::new("topic", 0);
    let config = LogConfig { segment_index_bytes: 4096, ..LogConfig::default() };
    let options =
        OpenOptions { clean_shutdown, config, ..OpenOptions::new(dir, partition, NOW_MS) };
    let Ok(log) = bounded(MEMORY, || Log::open(disk, options.clone())) else { return };
    let (start, end) = (log.start_offset(), log.end_offset());
    assert!(start <= end, "start {start}, end {end}");
    read_all(&log);
    drop(log);
    let Ok(log) = Log::open(disk, options.clone()) else {
        panic!("a log that opened does not open again");
    };
    assert_eq!((log.start_offset(), log.end_offset()), (start, end));
    let appended = append(&log);
    if clean_shutdown {
        return;
    }
    assert!(!appended || readable(&log, end), "what was appended at {end} cannot be read");
    if log.close().is_ok() {
        let reopened = Log::open(disk, OpenOptions { clean_shutdown: true, ..options });
        assert_eq!(reopened.map(|log| log.end_offset()).ok(), Some(log.end_offset()));
    }
}

fn append(log: &Log) -> bool {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.append(NOW_MS, None, Some(b"value"));
    let epoch = log.latest_epoch().map_or(0, |entry| entry.epoch);
    log.append_as_leader(&[builder.build()], epoch, Origin::Client, NOW_MS).is_ok()
}

fn readable(log: &Log, offset: i64) -> bool {
    let upper = log.end_offset();
    let request = ReadRequest { offset, max_bytes: 1, upper, min_one: true, aborted: false };
    upper == offset + 1 && log.read(&request).is_ok_and(|read| read.range.is_some())
}

fn read_all(log: &Log) {
    let (mut offset, upper) = (log.start_offset(), log.end_offset());
    for _ in 0..READS {
        let request = ReadRequest { offset, max_bytes: 1, upper, min_one: true, aborted: true };
        let Ok(Some(range)) = log.read(&request).map(|read| read.range) else { return };
        let Ok(bytes) = range.read() else { return };
        let Ok(header) = BatchHeader::parse(&bytes) else { return };
        assert!(header.next_offset() > offset, "reading at {offset} found an earlier batch");
        offset = header.next_offset();
    }
}

fn seal(name: usize, content: &mut [u8]) {
    match name as u8 {
        LOG | NEXT_LOG => seal_batches(content),
        // Version 2 bytes, checksum 4 of the rest.
        SNAPSHOT if content.len() > 6 => {
            let crc = barnabas_records::crc::crc32c(&content[6..]);
            content[2..6].copy_from_slice(&crc.to_be_bytes());
        }
        _ => {}
    }
}

fn seal_batches(mut content: &mut [u8]) {
    while let Ok(header) = BatchHeader::parse(content) {
        let size = header.size();
        if size > content.len() || size < HEADER_LEN {
            return;
        }
        let (batch, rest) = content.split_at_mut(size);
        let crc = barnabas_records::crc::crc32c(&batch[21..]);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
        content = rest;
    }
}

/// Two segments with a producer snapshot and an epoch checkpoint, or some of them.
pub fn seed(source: &mut Source) -> Vec<u8> {
    let mut data = vec![source.below(4) as u8];
    let mut next = 0;
    push(&mut data, LOG, &segment(source, &mut next));
    if next <= NEXT_BASE && source.chance(2) {
        next = NEXT_BASE;
        push(&mut data, NEXT_LOG, &segment(source, &mut next));
    }
    if source.chance(2) {
        push(&mut data, EPOCHS, b"0\n2\n0 0\n1 2\n");
    }
    if source.chance(2) {
        let mut snapshot = vec![0, 1, 0, 0, 0, 0, 0, 0, 0, 1];
        snapshot.extend((0..46).map(|_| source.below(3) as u8));
        seal(usize::from(SNAPSHOT), &mut snapshot);
        push(&mut data, SNAPSHOT, &snapshot);
    }
    if source.chance(4) {
        push(&mut data, 1 + source.below(3) as u8, &source.bytes());
    }
    data
}

fn segment(source: &mut Source, next: &mut i64) -> Vec<u8> {
    let mut content = Vec::new();
    for _ in 0..=source.below(3) {
        let mut batch = records::batch(source).to_vec();
        batch[..8].copy_from_slice(&next.to_be_bytes());
        batch[12..16].copy_from_slice(&[0, 0, 0, source.below(3) as u8]);
        if let Ok(header) = BatchHeader::parse(&batch) {
            *next = header.next_offset();
        }
        content.extend_from_slice(&batch);
    }
    content
}
