//! Apache Kafka reads what we write and the other way round.
//!
//! Needs Java and the jars of Apache Kafka 4.3: `KAFKA_LIBS=<folder> cargo test -p
//! barnabas-storage --test kafka -- --ignored`, as `make test` does.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use barnabas_records::{
    BatchBuilder, BatchOptions, Codec, ControlType, EncodedBatch, EndTxnMarker, ProducerFields,
};
use barnabas_storage::directory::TopicPartition;
use barnabas_storage::{Disk, Log, LogConfig, OpenOptions, Origin, ReadRequest, RealDisk};

/// Time of the first record: recent, or Kafka would forget the producers.
static TIME: LazyLock<i64> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap() - 60_000
});

/// The same appends, in Apache Kafka and here, leave the same bytes in every file, but that our
/// snapshots of producers hold older batches before the newest.
#[test]
#[ignore = "needs Java and the jars of Apache Kafka"]
fn the_same_appends_leave_the_same_files() {
    let work = tempfile::tempdir().unwrap();
    let batches = batches();
    let input = work.path().join("batches");
    fs::write(&input, concat(&batches)).unwrap();

    let theirs = work.path().join("theirs").join("topic-0");
    fs::create_dir_all(&theirs).unwrap();
    let printed = oracle(&["append", text(&theirs), text(&input)]);

    let ours = work.path().join("ours").join("topic-0");
    let log = open(&ours, true);
    append(&log, &batches);
    assert_eq!(print(&log), printed);
    log.close().unwrap();

    let (ours, mut theirs) = (files(&ours), files(&theirs));
    // Kafka creates the file for a topic without an id, too.
    theirs.remove("partition.metadata");
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (name, content) in &ours {
        if name.ends_with(".snapshot") {
            assert_eq!(newest(content), newest(&theirs[name]), "{name}");
        } else {
            assert_eq!(content, &theirs[name], "{name}");
        }
    }
    assert!(ours.len() > 20, "several segments: {:?}", ours.keys());
}

#[test]
#[ignore = "needs Java and the jars of Apache Kafka"]
fn kafka_opens_our_logs() {
    for clean in [true, false] {
        let work = tempfile::tempdir().unwrap();
        let dir = work.path().join("topic-0");
        let log = open(&dir, true);
        append(&log, &batches());
        let expected = print(&log);
        if clean {
            log.close().unwrap();
        } else {
            drop(log);
        }
        let how = if clean { "clean" } else { "unclean" };
        assert_eq!(oracle(&["open", text(&dir), how]), expected, "{how}");
    }
}

#[test]
#[ignore = "needs Java and the jars of Apache Kafka"]
fn we_open_logs_of_kafka() {
    let work = tempfile::tempdir().unwrap();
    let input = work.path().join("batches");
    fs::write(&input, concat(&batches())).unwrap();
    let dir = work.path().join("topic-0");
    fs::create_dir_all(&dir).unwrap();
    let expected = oracle(&["append", text(&dir), text(&input)]);
    for clean in [true, false] {
        assert_eq!(print(&open(&dir, clean)), expected, "clean: {clean}");
    }
}

#[test]
#[ignore = "needs Java and the jars of Apache Kafka"]
fn dump_log_segments_reads_our_files() {
    let work = tempfile::tempdir().unwrap();
    let dir = work.path().join("topic-0");
    let log = open(&dir, true);
    append(&log, &batches());
    let records = log.end_offset();
    log.close().unwrap();
    let mut dumped = 0;
    for name in files(&dir).keys() {
        let dumpable = [".log", ".index", ".timeindex", ".txnindex", ".snapshot"];
        if !dumpable.iter().any(|suffix| name.ends_with(suffix)) {
            continue;
        }
        let file = dir.join(name);
        let output = java(&[
            "org.apache.kafka.tools.DumpLogSegments",
            "--deep-iteration",
            "--print-data-log",
            "--files",
            text(&file),
        ]);
        for complaint in ["Mismatches", "Found timestamp mismatch", "corrupt", "Exception"] {
            assert!(!output.contains(complaint), "{name}:\n{output}");
        }
        assert!(!output.contains("isvalid: false"), "{name}:\n{output}");
        dumped += output.lines().filter(|line| line.starts_with("| offset:")).count();
    }
    assert_eq!(i64::try_from(dumped).unwrap(), records, "every record is printed once");
}

/// The last entry of each producer in a snapshot, which is the only one that Kafka writes.
fn newest(snapshot: &[u8]) -> BTreeMap<&[u8], &[u8]> {
    let (_version_crc_and_count, entries) = snapshot.split_at(10);
    entries.chunks_exact(46).map(|entry| (&entry[..8], entry)).collect()
}

/// Batches of all kinds: plain, compressed, idempotent, transactional with markers.
fn batches() -> Vec<EncodedBatch> {
    let codecs = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
    let mut sequences: BTreeMap<i64, i32> = BTreeMap::new();
    let mut batches = Vec::new();
    for number in 0..160_i64 {
        let time = *TIME + 10 * number;
        let id = 500 + number % 3;
        batches.push(match number % 8 {
            0 | 3 => batch(time, codecs[usize::try_from(number / 4 % 5).unwrap()], None, false),
            7 => marker(id + 100, number % 16 == 7, time),
            kind => {
                let (id, transactional) = if kind < 5 { (id, false) } else { (id + 100, true) };
                let sequence = sequences.entry(id).or_default();
                let fields = ProducerFields { id, epoch: 0, base_sequence: *sequence };
                *sequence += 4;
                batch(time, Codec::None, Some(fields), transactional)
            }
        });
    }
    batches
}

fn batch(
    time: i64,
    codec: Codec,
    producer: Option<ProducerFields>,
    transactional: bool,
) -> EncodedBatch {
    let mut builder = BatchBuilder::new(BatchOptions {
        codec,
        producer: producer.unwrap_or(ProducerFields::NONE),
        transactional,
        ..BatchOptions::default()
    });
    for number in 0..4 {
        let value = format!("value {number} of the batch at {time}");
        builder.append(time + number % 3, Some(b"key"), Some(value.as_bytes()));
    }
    builder.build()
}

fn marker(id: i64, abort: bool, time: i64) -> EncodedBatch {
    let mut builder = BatchBuilder::new(BatchOptions {
        producer: ProducerFields { id, epoch: 0, base_sequence: -1 },
        transactional: true,
        control: true,
        ..BatchOptions::default()
    });
    let kind = if abort { ControlType::Abort } else { ControlType::Commit };
    let value = EndTxnMarker { coordinator_epoch: 1 }.encode();
    builder.append(time, Some(&kind.key()), Some(&value));
    builder.build()
}

fn concat(batches: &[EncodedBatch]) -> Vec<u8> {
    batches.iter().flat_map(|batch| batch.to_bytes().to_vec()).collect()
}

fn open(dir: &Path, clean_shutdown: bool) -> Log {
    let now_ms = *TIME + 60_000;
    let mut options = OpenOptions::new(dir.into(), TopicPartition::new("topic", 0), now_ms);
    options.clean_shutdown = clean_shutdown;
    options.config = LogConfig {
        segment_bytes: 4096,
        index_interval_bytes: 300,
        retention_ms: -1,
        producer_id_expiration_ms: i64::MAX,
        ..LogConfig::default()
    };
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    Log::open(&disk, options).unwrap()
}

fn append(log: &Log, batches: &[EncodedBatch]) {
    for (number, batch) in (0..).zip(batches) {
        let control = batch.header().is_control();
        let origin = if control { Origin::Coordinator } else { Origin::Client };
        log.append_as_leader(std::slice::from_ref(batch), number / 8, origin, *TIME).unwrap();
        log.set_high_watermark(log.end_offset());
    }
}

/// As the oracle prints.
fn print(log: &Log) -> String {
    let (start, end) = (log.start_offset(), log.end_offset());
    let mut out = format!("start {start}\nend {end}\n");
    let mut offset = start;
    while offset < end {
        let request =
            ReadRequest { offset, max_bytes: 2000, upper: end, min_one: true, aborted: false };
        let bytes = log.read(&request).unwrap().range.unwrap().read().unwrap();
        for batch in barnabas_records::Batches::new(bytes) {
            let header = batch.unwrap().header;
            let (base, last) = (header.base_offset, header.last_offset());
            let (crc, epoch) = (header.crc, header.partition_leader_epoch);
            let _ = writeln!(out, "batch {base} {last} {crc} {epoch}");
            offset = header.next_offset();
        }
    }
    for producer in log.producers() {
        let sequence = producer.last_sequence();
        let _ = writeln!(out, "producer {} {sequence}", producer.producer_id);
    }
    for entry in log.epochs() {
        let _ = writeln!(out, "epoch {} {}", entry.epoch, entry.start_offset);
    }
    for time in [0, *TIME, *TIME + 777, *TIME + 5_000] {
        let found = log.offset_for_timestamp(time).unwrap();
        let found = found.map_or("none".to_owned(), |at| format!("{} {}", at.timestamp, at.offset));
        let _ = writeln!(out, "time {time} {found}");
    }
    for txn in log.aborted_transactions(start, end).unwrap() {
        let _ = writeln!(
            out,
            "aborted {} {} {} {}",
            txn.producer_id, txn.first_offset, txn.last_offset, txn.last_stable_offset
        );
    }
    out
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn oracle(args: &[&str]) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/LogOracle.java");
    let mut all = vec![text(&source)];
    all.extend(args);
    let time = TIME.to_string();
    all.push(&time);
    java(&all)
}

fn java(args: &[&str]) -> String {
    let libs = std::env::var("KAFKA_LIBS").expect("KAFKA_LIBS is the folder of Kafka's jars");
    let libs: PathBuf = Path::new(&libs).join("*");
    let output = Command::new("java").arg("-cp").arg(&libs).args(args).output().unwrap();
    let (out, error) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{args:?}\n{out}\n{error}");
    out
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
