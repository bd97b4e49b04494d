//! Bytes as Apache Kafka's own index classes write them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::disk::{Disk, Home, OpenMode, SimDisk, read_file};

const DIR: &str = "/d";

fn home() -> Home {
    let disk = SimDisk::new(0);
    disk.create_dir(Path::new(DIR)).unwrap();
    Home::new(Arc::new(disk), PathBuf::from(DIR))
}

fn content(home: &Home, name: &str) -> Vec<u8> {
    read_file(home.disk(), &home.path(name), 1 << 20).unwrap().unwrap()
}

fn store(home: &Home, name: &str, content: &[u8]) {
    let file = home.disk().open(&home.path(name), OpenMode::Truncate).unwrap();
    file.write_at(&[std::io::IoSlice::new(content)], 0).unwrap();
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

#[test]
fn offset_index_is_as_kafka_writes_it() {
    let home = home();
    let mut index = OffsetIndex::new(1000, "x.index".into());
    for (offset, position) in [(1004, 0), (1019, 4711)] {
        index.push(&home, OffsetEntry { offset, position }).unwrap();
    }
    index.entries.write(&home).unwrap();
    assert_eq!(content(&home, "x.index"), unhex("00000004000000000000001300001267"));
}

#[test]
fn time_index_is_as_kafka_writes_it() {
    let home = home();
    let mut index = TimeIndex::new(1000, "x.timeindex".into());
    for (timestamp, offset) in [(1_700_000_000_000, 1004), (1_700_000_000_500, 1019)] {
        index.push(&home, TimeEntry { timestamp, offset }).unwrap();
    }
    // Neither an equal nor an older timestamp is added.
    index.push(&home, TimeEntry { timestamp: 1_700_000_000_500, offset: 1020 }).unwrap();
    index.push(&home, TimeEntry { timestamp: -1, offset: 1021 }).unwrap();
    index.entries.write(&home).unwrap();
    let expected = "0000018bcfe56800000000040000018bcfe569f400000013";
    assert_eq!(content(&home, "x.timeindex"), unhex(expected));
}

#[test]
fn txn_index_is_as_kafka_writes_it() {
    let home = home();
    let mut index = TxnIndex::new("x.txnindex".into());
    let txn = |producer_id, first_offset, last_offset, last_stable_offset| AbortedTxn {
        producer_id,
        first_offset,
        last_offset,
        last_stable_offset,
    };
    index.push(&home, txn(77, 1001, 1010, 1005)).unwrap();
    index.push(&home, txn(78, 1005, 1020, 1021)).unwrap();
    index.entries.write(&home).unwrap();
    let expected = "0000000000000000004d00000000000003e900000000000003f200000000000003ed\
                    0000000000000000004e00000000000003ed00000000000003fc00000000000003fd";
    assert_eq!(content(&home, "x.txnindex"), unhex(expected));
}

#[test]
fn lookups_find_the_floor_in_file_and_memory() {
    let home = home();
    let mut index = OffsetIndex::new(50, "x.index".into());
    // More than two pages in the file, and some entries in memory.
    let count = 1_200;
    for number in 0..count {
        let entry = OffsetEntry { offset: 50 + 10 * i64::from(number), position: 100 * number };
        index.push(&home, entry).unwrap();
    }
    // Here and there, then on and on: a lookup starts where the one before ended.
    let scattered = [12_041, 50, 51, 59, 60, 5_000, 5_059, 12_039, 12_040, 51, i64::MAX];
    for offset in scattered.into_iter().chain(50..12_100).chain((50..12_100).rev()) {
        let number = ((offset - 50) / 10).min(i64::from(count) - 1);
        let position = index.position(&home, offset).unwrap();
        assert_eq!(i64::from(position), 100 * number, "{offset}");
    }
    assert_eq!(index.position(&home, 49).unwrap(), 0);
    index.truncate_to(&home, 5_060).unwrap();
    assert_eq!(index.last(), Some(OffsetEntry { offset: 5_050, position: 50_000 }));
    index.entries.release(&home).unwrap();
    let mut again = OffsetIndex::new(50, "x.index".into());
    again.load(&home).unwrap();
    assert_eq!(again.last(), Some(OffsetEntry { offset: 5_050, position: 50_000 }));
}

#[test]
fn indexes_that_cannot_be_right_are_refused() {
    let home = home();
    let preallocated = unhex("000000040000000000000013000012670000000000000000");
    let unordered = unhex("00000013000012670000000400001300");
    for bad in [&preallocated[..], &unordered, &[1, 2, 3], &unhex("ffffffff00000000")] {
        store(&home, "x.index", bad);
        let loaded = OffsetIndex::new(1000, "x.index".into()).load(&home);
        assert!(matches!(loaded, Err(IndexError::Corrupt { .. })), "{bad:?}");
    }
    store(&home, "x.timeindex", &unhex("0000018bcfe5680000000004000000000000000000000000"));
    let loaded = TimeIndex::new(1000, "x.timeindex".into()).load(&home);
    assert!(matches!(loaded, Err(IndexError::Corrupt { .. })));
}

#[test]
fn a_torn_index_keeps_its_good_beginning() {
    let home = home();
    let torn = unhex("0000000400000000000000130000126700000000000000000000");
    store(&home, "x.index", &torn);
    let mut index = OffsetIndex::new(1000, "x.index".into());
    index.keep_below(&home, 2000).unwrap();
    assert_eq!(index.last(), Some(OffsetEntry { offset: 1019, position: 4711 }));
    assert_eq!(content(&home, "x.index").len(), 16);
    index.keep_below(&home, 1010).unwrap();
    assert_eq!(index.last(), Some(OffsetEntry { offset: 1004, position: 0 }));
}
