//! `kill -9` of the broker: what was acknowledged is there afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod broker;
mod client;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use barnabas_records::ProducerFields;
use barnabas_wire::ErrorCode;

use broker::Broker;
use client::Client;

const TOPIC: &str = "kept";
const ROUNDS: u64 = 4;
const PARTITIONS: i32 = 3;

/// A record that the broker acknowledged.
struct Acked {
    partition: i32,
    offset: i64,
    value: String,
}

#[test]
fn acknowledged_records_and_offsets_survive() {
    let dir = tempfile::tempdir().unwrap();
    let mut acked: Vec<Acked> = Vec::new();
    let mut committed = 0;
    for round in 0..ROUNDS {
        let broker = Broker::start(dir.path());
        let mut admin = Client::connect(broker.address);
        if round == 0 {
            admin.create(&[TOPIC.to_owned()], PARTITIONS);
            admin.find_coordinator("readers");
        } else {
            check(&mut admin, &acked);
            let found = admin.committed("readers", TOPIC);
            assert!(found >= committed, "round {round}: offset {found}, not {committed}");
        }
        // A topic that comes and goes under the same name must not inherit anything.
        admin.create(&["fleeting".to_owned()], 1);
        write_until_killed(broker, round, &mut acked, &mut committed);
    }
    assert!(acked.len() > 100 && committed > 10, "{} records, {committed}", acked.len());
    let broker = Broker::start(dir.path());
    check(&mut Client::connect(broker.address), &acked);
    broker.stop();
    let broker = Broker::start(dir.path());
    check(&mut Client::connect(broker.address), &acked);
}

/// Producers on every partition and a committer, busy when the broker is killed.
fn write_until_killed(broker: Broker, round: u64, acked: &mut Vec<Acked>, committed: &mut i64) {
    let address = broker.address;
    std::thread::scope(|scope| {
        let produce = |partition| move || produce(address, partition, round);
        let producers: Vec<_> = (0..PARTITIONS).map(|n| scope.spawn(produce(n))).collect();
        let from = *committed;
        let committer = scope.spawn(move || commit(address, from));
        std::thread::sleep(Duration::from_millis(400 + 130 * round));
        Client::connect(address).delete("fleeting");
        broker.kill();
        for producer in producers {
            acked.extend(producer.join().unwrap());
        }
        *committed = committer.join().unwrap();
    });
}

fn produce(address: SocketAddr, partition: i32, round: u64) -> Vec<Acked> {
    let mut client = Client::connect(address);
    let mut acked = Vec::new();
    let producer = |sequence| ProducerFields {
        id: 1_000 * i64::from(partition) + i64::try_from(round).unwrap(),
        epoch: 0,
        base_sequence: sequence,
    };
    let mut sequence = 0;
    loop {
        let value = format!("round {round} partition {partition} number {sequence}");
        match client.produce(TOPIC, partition, &value, producer(sequence)) {
            Ok(Ok(offset)) => {
                acked.push(Acked { partition, offset, value });
                sequence += 1;
            }
            Ok(Err(error)) => {
                let starting =
                    [ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, ErrorCode::NOT_LEADER_OR_FOLLOWER];
                assert!(starting.contains(&error), "{error:?}");
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(_) => return acked,
        }
    }
}

/// Commits one offset after the other; returns the last that was acknowledged.
fn commit(address: SocketAddr, mut offset: i64) -> i64 {
    let mut client = Client::connect(address);
    loop {
        match client.commit("readers", TOPIC, offset + 1) {
            Ok(ErrorCode::NONE) => offset += 1,
            Ok(_) => std::thread::sleep(Duration::from_millis(10)),
            Err(_) => return offset,
        }
    }
}

fn check(client: &mut Client, acked: &[Acked]) {
    for partition in 0..PARTITIONS {
        let found = client.read_all(TOPIC, partition);
        let offsets: Vec<i64> = found.iter().map(|(offset, _)| *offset).collect();
        let end = i64::try_from(found.len()).unwrap();
        assert_eq!(offsets, (0..end).collect::<Vec<_>>(), "every offset once");
        for record in acked.iter().filter(|record| record.partition == partition) {
            let at = usize::try_from(record.offset).unwrap();
            let value = found.get(at).map(|(_, value)| value.as_str());
            assert_eq!(value, Some(record.value.as_str()), "{partition} {}", record.offset);
        }
    }
}

/// Restart with 1,000 partitions after a kill, and what idle partitions cost in memory. The
/// bounds are loose, for a debug build on a busy machine; the figures are printed.
#[test]
fn a_thousand_partitions_restart_quickly() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start(dir.path());
    let empty = resident_kib(broker.pid());
    let mut client = Client::connect(broker.address);
    let names: Vec<String> = (0..100).map(|number| format!("topic-{number}")).collect();
    let begin = Instant::now();
    client.create(&names, 10);
    let created_in = begin.elapsed();
    for name in &names {
        while client.produce(name, 3, "one", ProducerFields::NONE).unwrap().is_err() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    broker.kill();
    let broker = Broker::start(dir.path());
    let mut client = Client::connect(broker.address);
    let began = Instant::now();
    for name in &names {
        assert_eq!(client.read_all(name, 3).len(), 1);
    }
    let full = resident_kib(broker.pid());
    println!(
        "1000 partitions: created in {created_in:?}, restarted in {:?} (all read {:?} later), \
         {full} KiB resident, {empty} KiB without",
        broker.started_in,
        began.elapsed()
    );
    assert!(broker.started_in < Duration::from_secs(10), "{:?}", broker.started_in);
    assert!(full < empty + 100_000, "{full} KiB after {empty} KiB");
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
