use barnabas_records::{BatchBuilder, BatchHeader, BatchOptions, ControlType, ProducerFields};

use super::entry::ProducerEntry;
use super::snapshot::{SnapshotError, decode, encode};
use super::*;

fn header(id: i64, epoch: i16, base_sequence: i32, count: i32, transactional: bool) -> BatchHeader {
    let mut builder = BatchBuilder::new(BatchOptions {
        producer: ProducerFields { id, epoch, base_sequence },
        transactional,
        ..BatchOptions::default()
    });
    for _ in 0..count {
        builder.append(5, None, None);
    }
    builder.build().header()
}

/// Appends as a client and keeps the result.
fn append(state: &mut Producers, header: &BatchHeader) -> Result<(), ProducerError> {
    let id = header.producer_id;
    let mut append = ProducerAppend::new(state.get(id), id, Origin::Client);
    append.add_batch(header)?;
    state.update(append);
    Ok(())
}

#[test]
fn sequences_follow_one_another() {
    let mut state = Producers::default();
    append(&mut state, &header(1, 0, 17, 3, false)).expect("no state: any first sequence");
    append(&mut state, &header(1, 0, 20, 1, false)).unwrap();
    let gap = append(&mut state, &header(1, 0, 22, 1, false));
    let expected = ProducerError::OutOfOrderSequence { producer_id: 1, sequence: 22, last: 20 };
    assert_eq!(gap, Err(expected));
    let new_epoch = append(&mut state, &header(1, 1, 5, 1, false));
    assert!(matches!(new_epoch, Err(ProducerError::OutOfOrderSequence { .. })));
    append(&mut state, &header(1, 1, 0, 1, false)).unwrap();
    let old_epoch = append(&mut state, &header(1, 0, 21, 1, false));
    let expected = ProducerError::InvalidEpoch { producer_id: 1, epoch: 0, current: 1 };
    assert_eq!(old_epoch, Err(expected));
}

#[test]
fn sequences_wrap_to_zero() {
    let mut state = Producers::default();
    append(&mut state, &header(1, 0, i32::MAX - 1, 2, false)).unwrap();
    append(&mut state, &header(1, 0, 0, 1, false)).unwrap();
    let across = header(2, 0, i32::MAX, 3, false);
    append(&mut state, &across).unwrap();
    assert_eq!(state.get(2).unwrap().last_sequence(), 1);
    assert_eq!(state.get(2).unwrap().last_batch().unwrap().first_sequence(), i32::MAX);
    assert!(state.get(2).unwrap().find_duplicate(&across).is_some());
    append(&mut state, &header(2, 0, 2, 1, false)).unwrap();
}

#[test]
fn the_last_five_batches_are_known_again() {
    let mut state = Producers::default();
    for sequence in 0..7 {
        append(&mut state, &header(1, 0, sequence, 1, false)).unwrap();
    }
    let entry = state.get(1).unwrap();
    let known = |sequence| entry.find_duplicate(&header(1, 0, sequence, 1, false)).is_some();
    assert_eq!(
        (0..8).map(known).collect::<Vec<_>>(),
        [false, false, true, true, true, true, true, false]
    );
    assert!(entry.find_duplicate(&header(1, 1, 6, 1, false)).is_none(), "another epoch");
    assert!(entry.find_duplicate(&header(1, 0, 5, 2, false)).is_none(), "another extent");
}

#[test]
fn a_transaction_takes_transactional_batches_only() {
    let mut state = Producers::default();
    append(&mut state, &header(1, 0, 0, 1, true)).unwrap();
    assert_eq!(state.first_unstable(), Some(0));
    let plain = append(&mut state, &header(1, 0, 1, 1, false));
    assert_eq!(plain, Err(ProducerError::InvalidTxnState { producer_id: 1 }));
}

#[test]
fn markers_end_transactions_and_fence() {
    let mut state = Producers::default();
    append(&mut state, &header(1, 0, 0, 1, true)).unwrap();
    let marker = |coordinator_epoch| Marker { kind: ControlType::Abort, coordinator_epoch };
    let mut control = header(1, 1, -1, 1, true);
    control.base_offset = 9;
    let mut append = ProducerAppend::new(state.get(1), 1, Origin::Coordinator);
    let txn = append.add_marker(&control, marker(4)).unwrap().unwrap();
    assert_eq!((txn.first_offset, txn.last_offset, txn.is_aborted), (0, 9, true));
    state.update(append);
    assert_eq!(state.last_stable_after(txn), 10);
    state.complete(txn);
    assert_eq!(state.first_unstable(), Some(0), "until the marker is replicated");
    state.on_high_watermark(9);
    assert_eq!(state.first_unstable(), Some(0));
    state.on_high_watermark(10);
    assert_eq!(state.first_unstable(), None);

    let mut stale = ProducerAppend::new(state.get(1), 1, Origin::Coordinator);
    let fenced = stale.add_marker(&control, marker(3));
    assert_eq!(fenced, Err(ProducerError::CoordinatorFenced { epoch: 3, current: 4 }));
    let empty = stale.add_marker(&control, marker(4)).unwrap();
    assert_eq!(empty, None, "there is no transaction any more");
    let late =
        ProducerAppend::new(state.get(1), 1, Origin::Client).add_batch(&header(1, 0, 1, 1, true));
    assert!(matches!(late, Err(ProducerError::InvalidEpoch { .. })));
}

#[test]
fn replicated_batches_are_not_judged() {
    let mut state = Producers::default();
    append(&mut state, &header(1, 3, 0, 1, false)).unwrap();
    let mut replicated = ProducerAppend::new(state.get(1), 1, Origin::Replication);
    replicated.add_batch(&header(1, 3, 77, 1, false)).unwrap();
    replicated.add_batch(&header(1, 2, 5, 1, false)).unwrap();
}

#[test]
fn silent_producers_expire_unless_in_a_transaction() {
    let mut state = Producers::default();
    append(&mut state, &header(1, 0, 0, 1, false)).unwrap();
    append(&mut state, &header(2, 0, 0, 1, true)).unwrap();
    state.expire(5 + 99, 100);
    assert_eq!(state.entries().count(), 2);
    state.expire(5 + 100, 100);
    assert_eq!(state.entries().map(|entry| entry.producer_id).collect::<Vec<_>>(), [2]);
}

#[test]
fn producers_beyond_the_limit_push_out_the_oldest() {
    let mut state = Producers::default();
    for id in 0..70_000 {
        append(&mut state, &header(id, 0, 0, 1, false)).unwrap();
    }
    assert!(state.entries().count() <= 65_536);
    assert!(state.get(69_999).is_some());
}

/// As `ProducerStateManager.writeSnapshot` of Apache Kafka wrote it.
const SNAPSHOT: &str = "0001962fa5f900000002\
    000000000000004d00030000002a00000000000003e7000000090000018bcfe5680000000005\
    00000000000003de\
    000000000000004e0000ffffffffffffffffffffffff000000000000018bcfe56801ffffffff\
    ffffffffffffffff";

fn snapshot() -> Vec<u8> {
    let text: String = SNAPSHOT.split_whitespace().collect();
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

#[test]
fn snapshots_are_as_kafka_writes_them() {
    let entries = decode(&snapshot()).unwrap();
    let [first, second] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((first.producer_id, first.producer_epoch, first.coordinator_epoch), (77, 3, 5));
    assert_eq!(first.txn_first_offset, Some(990));
    let batch = BatchMeta {
        last_sequence: 42,
        last_offset: 999,
        offset_delta: 9,
        timestamp: 1_700_000_000_000,
    };
    assert_eq!(first.batches(), [batch]);
    assert_eq!((second.producer_id, second.last_sequence()), (78, -1));
    assert_eq!(second.last_timestamp, 1_700_000_000_001);
    assert_eq!(encode(entries.iter()), snapshot());
}

#[test]
fn a_producer_that_sends_anew_is_known_again_after_a_snapshot() {
    let mut state = Producers::default();
    for sequence in 0..7 {
        append(&mut state, &header(1, 0, sequence, 1, false)).unwrap();
        append(&mut state, &header(2, 0, sequence, 1, true)).unwrap();
    }
    append(&mut state, &header(3, 0, 0, 1, false)).unwrap();
    let written = encode(state.entries());
    let restored = Producers::restore(decode(&written).unwrap(), 15, 0, 1_000);
    assert!(restored.entries().eq(state.entries()));
    assert_eq!(restored.first_unstable(), state.first_unstable());
    for sequence in 2..7 {
        let again = header(1, 0, sequence, 1, false);
        assert!(restored.get(1).unwrap().find_duplicate(&again).is_some(), "{sequence}");
    }
}

#[test]
fn damaged_snapshots_are_refused() {
    let good = snapshot();
    for at in 2..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(decode(&bad), Err(SnapshotError::Crc), "bit in byte {at}");
    }
    assert_eq!(decode(&good[..good.len() - 1]), Err(SnapshotError::Crc));
    assert_eq!(decode(&good[..5]), Err(SnapshotError::Length));
    assert_eq!(decode(&[0, 2, 0, 0, 0, 0, 0, 0, 0, 0]), Err(SnapshotError::Version(2)));
    assert_eq!(decode(&encode([].iter())), Ok(Vec::new()));
}

#[test]
fn restoring_leaves_out_the_expired() {
    let mut old = ProducerEntry::new(1);
    old.last_timestamp = 10;
    let mut open = old.clone();
    open.producer_id = 2;
    open.txn_first_offset = Some(4);
    let state = Producers::restore(vec![old, open], 20, 1_000, 100);
    assert_eq!(state.entries().map(|entry| entry.producer_id).collect::<Vec<_>>(), [2]);
    assert_eq!((state.first_unstable(), state.end()), (Some(4), 20));
}
