use super::*;
use crate::partition::{Ack, Progress};

fn bytes(count: u64) -> Progress {
    Progress { log_end_bytes: count, high_watermark_bytes: count }
}

fn fetch(
    partitions: &[&'static str],
    min_bytes: u64,
    deadline_ms: i64,
) -> FetchWait<&'static str, u8> {
    let partitions = partitions
        .iter()
        .map(|partition| WaitingFetch {
            partition: *partition,
            bound: Bound::HighWatermark,
            available: 0,
            max_bytes: 100,
            seen: bytes(0),
        })
        .collect();
    FetchWait { deadline_ms, min_bytes, partitions, token: 7 }
}

#[test]
fn a_fetch_ends_when_the_bytes_of_all_partitions_suffice() {
    let mut purgatory = FetchPurgatory::default();
    purgatory.wait(fetch(&["a", "b"], 150, 500));
    assert!(purgatory.progressed(&"a", bytes(90)).is_empty());
    assert!(purgatory.progressed(&"b", bytes(59)).is_empty());
    assert_eq!(purgatory.progressed(&"b", bytes(60)), [7]);
    assert!(purgatory.is_empty());
    assert!(!purgatory.is_watched(&"a"));
    assert_eq!(purgatory.next_deadline(), None);
}

#[test]
fn a_partition_counts_no_more_than_its_limit() {
    let mut purgatory = FetchPurgatory::default();
    purgatory.wait(fetch(&["a", "b"], 150, 500));
    assert!(purgatory.progressed(&"a", bytes(10_000)).is_empty());
    assert_eq!(purgatory.progressed(&"b", bytes(50)), [7]);
}

#[test]
fn progress_reported_out_of_order_is_not_counted_twice() {
    let mut purgatory = FetchPurgatory::default();
    purgatory.wait(fetch(&["a"], 90, 500));
    assert!(purgatory.progressed(&"a", bytes(50)).is_empty());
    assert!(purgatory.progressed(&"a", bytes(20)).is_empty());
    assert!(purgatory.progressed(&"a", bytes(50)).is_empty());
    assert_eq!(purgatory.progressed(&"a", bytes(90)), [7]);
}

#[test]
fn a_follower_with_readers_wakes_when_the_high_watermark_moves() {
    for (bound, woken) in [(Bound::LogEnd, 0), (Bound::Both, 1)] {
        let mut purgatory = FetchPurgatory::default();
        let mut wait = fetch(&["a"], 1, 500);
        wait.partitions[0].bound = bound;
        wait.partitions[0].seen = Progress { log_end_bytes: 80, high_watermark_bytes: 0 };
        purgatory.wait(wait);
        let moved = Progress { log_end_bytes: 80, high_watermark_bytes: 80 };
        assert_eq!(purgatory.progressed(&"a", moved).len(), woken, "{bound:?}");
        let appended = Progress { log_end_bytes: 90, high_watermark_bytes: 80 };
        assert_eq!(purgatory.progressed(&"a", appended).len(), 1 - woken, "{bound:?}");
    }
}

#[test]
fn a_consumer_does_not_wake_for_what_is_not_replicated() {
    let mut purgatory = FetchPurgatory::default();
    purgatory.wait(fetch(&["a"], 1, 500));
    let appended = Progress { log_end_bytes: 80, high_watermark_bytes: 0 };
    assert!(purgatory.progressed(&"a", appended).is_empty());
    assert_eq!(purgatory.progressed(&"a", bytes(80)), [7]);
}

#[test]
fn a_fetch_ends_at_its_deadline_or_when_interrupted() {
    let mut purgatory = FetchPurgatory::default();
    purgatory.wait(fetch(&["a"], 1, 500));
    purgatory.wait(fetch(&["b"], 1, 600));
    assert_eq!(purgatory.next_deadline(), Some(500));
    assert!(purgatory.expire(499).is_empty());
    assert_eq!(purgatory.expire(500), [7]);
    assert!(purgatory.interrupted(&"a").is_empty());
    assert_eq!(purgatory.interrupted(&"b"), [7]);
    assert!(purgatory.is_empty());
}

#[test]
fn a_cancelled_fetch_is_gone() {
    let mut purgatory = FetchPurgatory::default();
    let id = purgatory.wait(fetch(&["a"], 1, 500));
    assert_eq!(purgatory.cancel(id), Some(7));
    assert_eq!(purgatory.cancel(id), None);
    assert!(purgatory.progressed(&"a", bytes(1)).is_empty());
    assert!(purgatory.expire(1000).is_empty());
}

fn produce(partitions: &[(&'static str, i64)]) -> ProduceWait<&'static str, u8> {
    let partitions = partitions
        .iter()
        .map(|(partition, required_offset)| WaitingProduce {
            partition: *partition,
            required_offset: *required_offset,
        })
        .collect();
    ProduceWait { deadline_ms: 500, partitions, token: 7 }
}

fn at(high_watermark: i64) -> impl Fn(i64) -> Ack {
    move |required| if high_watermark >= required { Ack::Done } else { Ack::Pending }
}

#[test]
fn a_produce_ends_when_every_partition_is_settled() {
    let mut purgatory = ProducePurgatory::default();
    purgatory.wait(produce(&[("a", 10), ("b", 20)]));
    assert!(purgatory.changed(&"a", at(10)).is_empty());
    assert!(purgatory.changed(&"b", at(19)).is_empty());
    let finished = purgatory.changed(&"b", |_| Ack::NotEnoughReplicas);
    let outcomes = vec![("a", AckOutcome::Acknowledged), ("b", AckOutcome::NotEnoughReplicas)];
    assert_eq!(finished, [(7, outcomes)]);
    assert!(purgatory.is_empty());
}

#[test]
fn a_settled_partition_keeps_its_outcome() {
    let mut purgatory = ProducePurgatory::default();
    purgatory.wait(produce(&[("a", 10), ("b", 20)]));
    purgatory.changed(&"a", at(10));
    purgatory.leadership_lost(&"a");
    let finished = purgatory.leadership_lost(&"b");
    let outcomes = vec![("a", AckOutcome::Acknowledged), ("b", AckOutcome::LeadershipLost)];
    assert_eq!(finished, [(7, outcomes)]);
}

#[test]
fn a_produce_that_waits_too_long_times_out_where_it_is_open() {
    let mut purgatory = ProducePurgatory::default();
    purgatory.wait(produce(&[("a", 10), ("b", 20)]));
    purgatory.changed(&"a", at(10));
    assert!(purgatory.expire(499).is_empty());
    let outcomes = vec![("a", AckOutcome::Acknowledged), ("b", AckOutcome::TimedOut)];
    assert_eq!(purgatory.expire(500), [(7, outcomes)]);
    assert!(purgatory.changed(&"b", at(20)).is_empty());
}

#[test]
fn one_partition_twice_in_a_request_needs_both_offsets() {
    let mut purgatory = ProducePurgatory::default();
    purgatory.wait(produce(&[("a", 10), ("a", 20)]));
    assert!(purgatory.changed(&"a", at(10)).is_empty());
    assert_eq!(purgatory.changed(&"a", at(20)).len(), 1);
    assert!(purgatory.is_empty());
}
