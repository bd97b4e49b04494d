//! Producers and transactions through the log.

use super::workload::end_marker;
use super::*;

fn fields(id: i64, epoch: i16, base_sequence: i32) -> ProducerFields {
    ProducerFields { id, epoch, base_sequence }
}

fn transactional(id: i64, base_sequence: i32) -> EncodedBatch {
    let mut builder = BatchBuilder::new(BatchOptions {
        producer: fields(id, 0, base_sequence),
        transactional: true,
        ..BatchOptions::default()
    });
    builder.append(1_000, None, Some(b"in a transaction"));
    builder.build()
}

fn end(log: &Log, id: i64, abort: bool) -> i64 {
    let marker = end_marker(id, 0, abort, 1_000);
    let appended = log.append_as_leader(&[marker], 0, Origin::Coordinator, 1_000).unwrap();
    appended.info().first_offset
}

#[test]
fn a_retried_batch_is_answered_with_its_first_offset() {
    let disk = SimDisk::new(0);
    let log = open_sim(&disk, options("/d/topic-0"));
    append(&log, batch(5, 10));
    let first = append(&log, produced(3, 77, fields(1, 0, 0)));
    append(&log, produced(2, 88, fields(1, 0, 3)));
    let retried = [produced(3, 77, fields(1, 0, 0))];
    let again = log.append_as_leader(&retried, 0, Origin::Client, 1_000).unwrap();
    let Appended::Duplicate(info) = again else { panic!("{again:?}") };
    assert_eq!((info.first_offset, info.last_offset), (first.first_offset, first.last_offset));
    assert_eq!(info.max_timestamp, first.max_timestamp);
    assert_eq!(log.end_offset(), 10);
    let gap = [produced(1, 99, fields(1, 0, 9))];
    let refused = log.append_as_leader(&gap, 0, Origin::Client, 1_000);
    assert!(matches!(
        refused,
        Err(AppendError::Producer(ProducerError::OutOfOrderSequence { last: 4, .. }))
    ));
}

#[test]
fn producers_survive_a_clean_and_an_unclean_stop() {
    for clean in [true, false] {
        let disk = SimDisk::new(0);
        let log = open_sim(&disk, options("/d/topic-0"));
        append(&log, produced(3, 900, fields(1, 0, 0)));
        log.roll(0).unwrap();
        append(&log, produced(2, 910, fields(1, 0, 3)));
        if clean {
            log.close().unwrap();
        }
        drop(log);
        let mut again = options("/d/topic-0");
        again.clean_shutdown = clean;
        let log = open_sim(&disk, again);
        let retried = [produced(2, 910, fields(1, 0, 3))];
        let answer = log.append_as_leader(&retried, 0, Origin::Client, 1_000).unwrap();
        assert!(matches!(answer, Appended::Duplicate(info) if info.first_offset == 3));
        append(&log, produced(1, 920, fields(1, 0, 5)));
    }
}

#[test]
fn the_first_unstable_offset_waits_for_replicated_markers() {
    let disk = SimDisk::new(0);
    let log = open_sim(&disk, options("/d/topic-0"));
    append(&log, batch(1, 1));
    append(&log, transactional(1, 0));
    append(&log, transactional(2, 0));
    assert_eq!(log.first_unstable_offset(), Some(1));
    let marker = end(&log, 1, false);
    assert_eq!(log.first_unstable_offset(), Some(1), "the marker is not replicated");
    log.set_high_watermark(marker + 1);
    assert_eq!(log.first_unstable_offset(), Some(2));
    let marker = end(&log, 2, true);
    log.set_high_watermark(marker + 1);
    assert_eq!(log.first_unstable_offset(), None);
}

#[test]
fn a_moved_start_does_not_close_transactions() {
    let disk = SimDisk::new(0);
    let log = open_sim(&disk, options("/d/topic-0"));
    append(&log, transactional(1, 0));
    append(&log, batch(5, 1));
    append(&log, transactional(1, 1));
    log.set_high_watermark(7);
    log.increment_start_offset(3).unwrap();
    assert_eq!(log.first_unstable_offset(), Some(3));
}

#[test]
fn readers_get_the_aborted_transactions_of_their_range() {
    let disk = SimDisk::new(0);
    let mut small = options("/d/topic-0");
    small.config.segment_bytes = 300;
    let log = open_sim(&disk, small);
    append(&log, transactional(1, 0)); // 0
    append(&log, transactional(2, 0)); // 1
    end(&log, 1, true); // 2
    append(&log, transactional(1, 1)); // 3
    end(&log, 2, false); // 4
    end(&log, 1, true); // 5
    append(&log, batch(1, 5)); // 6
    let aborted = |from, to| {
        let found = log.aborted_transactions(from, to).unwrap();
        found.iter().map(|txn| (txn.producer_id, txn.first_offset)).collect::<Vec<_>>()
    };
    assert_eq!(aborted(0, 7), [(1, 0), (1, 3)]);
    assert_eq!(aborted(0, 3), [(1, 0)]);
    assert_eq!(aborted(3, 7), [(1, 3)]);
    assert_eq!(aborted(6, 7), []);
    let request =
        ReadRequest { offset: 3, max_bytes: 4_000, upper: 7, min_one: true, aborted: true };
    let found = log.read(&request).unwrap().aborted.unwrap();
    assert_eq!(found.iter().map(|txn| txn.first_offset).collect::<Vec<_>>(), [3]);
    let uncommitted = ReadRequest { aborted: false, ..request };
    assert_eq!(log.read(&uncommitted).unwrap().aborted, None);
}

#[test]
fn followers_store_verbatim_and_stop_at_a_newer_leader() {
    let (disk, other) = (SimDisk::new(0), SimDisk::new(1));
    let leader = open_sim(&disk, options("/d/topic-0"));
    let follower = open_sim(&other, options("/d/topic-0"));
    for epoch in [0, 0, 4, 6] {
        leader.append_as_leader(&[batch(2, 5)], epoch, Origin::Client, 1_000).unwrap();
    }
    let request =
        ReadRequest { offset: 0, max_bytes: 9_999, upper: 8, min_one: true, aborted: false };
    let bytes = leader.read(&request).unwrap().range.unwrap().read().unwrap();
    let info = follower.append_as_follower(&bytes, 5, 1_000).unwrap().unwrap();
    assert_eq!((info.first_offset, info.last_offset), (0, 5));
    assert_eq!(follower.epochs().len(), 2);
    let again = follower.append_as_follower(&bytes, 6, 1_000);
    assert!(matches!(again, Err(AppendError::OffsetOutOfOrder { offset: 0, end: 6 })));
    let mut damaged = bytes.to_vec();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let size = bytes.len() / 4;
    let tail = bytes::Bytes::from(damaged).slice(3 * size..);
    assert!(matches!(follower.append_as_follower(&tail, 6, 1_000), Err(AppendError::Batch(_))));
    let tail = bytes.slice(3 * size..);
    assert!(follower.append_as_follower(&tail, 6, 1_000).unwrap().is_some());
    assert_eq!(follower.end_offset(), 8);
}

#[test]
fn an_empty_follower_starts_at_a_batch_that_straddles_its_start() {
    let leader = open_sim(&SimDisk::new(0), options("/d/topic-0"));
    append(&leader, batch(4, 50));
    append(&leader, batch(2, 60));
    let end = leader.end_offset();
    let whole =
        ReadRequest { offset: 0, max_bytes: 4096, upper: end, min_one: true, aborted: false };
    let bytes = leader.read(&whole).unwrap().range.unwrap().read().unwrap();
    let follower = open_sim(&SimDisk::new(1), options("/d/topic-0"));
    // The leader's log starts inside the first batch: DeleteRecords moved it there.
    follower.truncate_fully_and_start_at(3, 1_000).unwrap();
    follower.append_as_follower(&bytes, 5, 1_000).unwrap().unwrap();
    assert_eq!((follower.start_offset(), follower.end_offset()), (0, 6));
    let behind = open_sim(&SimDisk::new(2), options("/d/topic-0"));
    behind.truncate_fully_and_start_at(4, 1_000).unwrap();
    let below = behind.append_as_follower(&bytes, 5, 1_000);
    assert!(matches!(below, Err(AppendError::OffsetOutOfOrder { .. })), "it ends below");
}
