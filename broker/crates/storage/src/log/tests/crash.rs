//! Crashes at every step of recorded workloads.

use super::workload::{LOG_DIR, Model, Run, Step, Stored, content, reopen, small_segments, steps};
use super::*;
use crate::disk::CrashKind;

const STEPS: usize = 70;
const SEEDS: u64 = 4;

/// More of them, for a long run: `CRASH_SEEDS=200 cargo test -p barnabas-storage crash`.
fn seeds() -> u64 {
    std::env::var("CRASH_SEEDS").map_or(SEEDS, |count| count.parse().unwrap())
}

/// At every operation of a workload, in the way the crash is: the log opens; what was flushed (or,
/// if only the process died, everything that was acknowledged) is there; what is there is what was
/// appended, up to some point; and the log goes on working.
#[test]
fn every_crash_point_is_survived() {
    for seed in 0..seeds() {
        let total = record(seed);
        for operation in 1..=total {
            for kind in [CrashKind::Kill, CrashKind::Power] {
                let (disk, model) = crash(seed, operation);
                for loss in 0..2 {
                    let after = disk.restart(kind, 1_000 * seed + operation + loss);
                    let context = format!("seed {seed} operation {operation} {kind:?} {loss}");
                    check(&after, &model, kind, &context);
                }
            }
        }
    }
}

/// A crash in the recovery from a crash.
#[test]
fn recovery_can_be_interrupted() {
    for seed in 0..seeds().div_ceil(2) {
        let total = record(seed);
        for operation in (1..=total).step_by(5) {
            let (disk, model) = crash(seed, operation);
            let probe = disk.restart(CrashKind::Power, operation);
            drop(reopen(&probe));
            for again in 1..=probe.operations() {
                let second = disk.restart(CrashKind::Power, operation);
                second.crash_at(again);
                drop(reopen(&second));
                let third = second.restart(CrashKind::Power, again);
                let context = format!("seed {seed} operation {operation} then {again}");
                check(&third, &model, CrashKind::Power, &context);
            }
        }
    }
}

#[test]
fn the_same_seed_does_the_same() {
    let trace = |seed| {
        let (disk, _) = crash(seed, u64::MAX);
        disk.trace()
    };
    assert_eq!(trace(3), trace(3));
    assert_ne!(trace(3), trace(4));
}

/// Operations of the workload without a crash.
fn record(seed: u64) -> u64 {
    let (disk, _) = crash(seed, u64::MAX);
    disk.operations()
}

fn crash(seed: u64, operation: u64) -> (SimDisk, Model) {
    let disk = SimDisk::new(seed);
    disk.crash_at(operation);
    let Some(mut run) = Run::start(&disk) else { return (disk, Model::default()) };
    for step in steps(seed, STEPS) {
        if !run.step(step) {
            break;
        }
    }
    (disk, run.model)
}

fn check(disk: &SimDisk, model: &Model, kind: CrashKind, context: &str) {
    let log = reopen(disk).unwrap_or_else(|error| panic!("{context}: {error}"));
    let (start, end) = (log.start_offset(), log.end_offset());
    let mut known = model.batches.clone();
    known.extend(model.in_flight);
    let at_least = match kind {
        CrashKind::Kill => model.durable.max(acknowledged(model)),
        CrashKind::Power => model.durable,
    };
    assert!(end >= at_least, "{context}: ends at {end}, flushed up to {at_least}");
    assert!(start <= model.start_max, "{context}: starts at {start} > {}", model.start_max);
    let expected: Vec<_> =
        known.iter().filter(|b| b.next > start && b.next <= end).copied().collect();
    assert_eq!(content(&log), expected, "{context}: content");
    assert_eq!(end, expected.last().map_or(end, |batch| batch.next), "{context}: end");
    check_producers(&log, model, context);
    check_transactions(&log, model, context);
    check_epochs(&log, &expected, model.start_max, context);
    check_goes_on(disk, &log, context);
}

/// A truncation that was under way may have removed the end already.
fn acknowledged(model: &Model) -> i64 {
    if model.truncating { model.durable } else { model.end }
}

fn check_producers(log: &Log, model: &Model, context: &str) {
    let end = log.end_offset();
    let producers = log.producers();
    for producer in model.sequences.keys() {
        let survives = |at: i64| at <= end && at - 2 >= model.start_max;
        let last = model.history.iter().rev().find(|(at, id, _)| id == producer && survives(*at));
        let Some((_, _, sequence)) = last else { continue };
        let entry = producers.iter().find(|entry| entry.producer_id == *producer);
        let entry = entry.unwrap_or_else(|| panic!("{context}: producer {producer} is lost"));
        assert!(entry.last_sequence() >= *sequence, "{context}: {entry:?}, {sequence}");
    }
}

fn check_transactions(log: &Log, model: &Model, context: &str) {
    let (start, end) = (log.start_offset().max(model.start_max), log.end_offset());
    if start >= end {
        return;
    }
    let mut found: Vec<_> = log.aborted_transactions(start, end).unwrap();
    // Of a transaction that began below the start, recovery may have seen the rest only.
    let whole = |marker| !model.ended.iter().any(|txn| txn.marker == marker && txn.first < start);
    found.retain(|txn| txn.first_offset >= start && whole(txn.last_offset));
    let found: Vec<_> =
        found.iter().map(|t| (t.producer_id, t.first_offset, t.last_offset)).collect();
    let expected: Vec<_> = model
        .ended
        .iter()
        .filter(|txn| txn.abort && txn.first >= start && txn.marker < end)
        .map(|txn| (txn.producer, txn.first, txn.marker))
        .collect();
    // The marker that was being written may be there.
    assert!(found.starts_with(&expected), "{context}: {found:?}, not {expected:?}");
    assert!(found.len() <= expected.len() + 1, "{context}: {found:?}, not {expected:?}");
}

/// A start that was moved up and lost again leaves its epochs forgotten.
fn check_epochs(log: &Log, batches: &[Stored], start_max: i64, context: &str) {
    for batch in batches.iter().filter(|batch| batch.base >= start_max) {
        let epoch = log.epoch_of(batch.base);
        assert_eq!(epoch, Some(batch.epoch), "{context}: epoch of {}", batch.base);
    }
}

fn check_goes_on(disk: &SimDisk, log: &Log, context: &str) {
    let before = content(log);
    let epoch = log.latest_epoch().map_or(0, |entry| entry.epoch);
    let appended = log.append_as_leader(&[batch(2, 9_000)], epoch, Origin::Client, 9_000);
    let first = appended.unwrap().info().first_offset;
    let after = content(log);
    assert_eq!(after.len(), before.len() + 1, "{context}");
    assert_eq!(after.last().unwrap().base, first, "{context}");
    log.close().unwrap();
    let mut clean = options(LOG_DIR);
    clean.config = small_segments();
    clean.log_start_offset = log.start_offset();
    let again = open_sim(disk, clean);
    assert_eq!(content(&again), after, "{context}: after a clean close");
}

#[test]
fn the_workload_reaches_every_step() {
    let all: String = (0..SEEDS).flat_map(|s| steps(s, STEPS)).map(|s| format!("{s:?}")).collect();
    let names = ["Append", "Produce", "EndTxn", "Flush", "Roll", "Checkpoint", "Retention"];
    for name in names {
        assert!(all.contains(name), "{name}");
    }
    let rare = [Step::RemoveDeleted, Step::Release, Step::NewEpoch];
    assert!(rare.iter().all(|step| all.contains(&format!("{step:?}"))));
    assert!(all.contains("Truncate") && all.contains("DeleteRecords"));
}
