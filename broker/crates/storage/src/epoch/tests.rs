use super::cache::{EpochCache, EpochEnd};
use super::file::{parse, render};

fn cache(entries: &[(i32, i64)]) -> EpochCache {
    let mut cache = EpochCache::default();
    for (epoch, start) in entries {
        assert!(cache.assign(*epoch, *start));
    }
    cache
}

fn entries(cache: &EpochCache) -> Vec<(i32, i64)> {
    cache.entries().iter().map(|entry| (entry.epoch, entry.start_offset)).collect()
}

#[test]
fn file_is_as_kafka_writes_it() {
    let cache = cache(&[(0, 0), (7, 1234)]);
    assert_eq!(render(&cache), "0\n2\n0 0\n7 1234\n");
    assert_eq!(parse(render(&cache).as_bytes()).unwrap(), cache);
    for bad in ["0\n2\n0 0\n", "0\n1\n0\n", "0\n1\n0 x\n", "0\n1\n7 12"] {
        assert!(parse(bad.as_bytes()).is_err(), "{bad:?}");
    }
}

#[test]
fn assignment_drops_what_contradicts_it() {
    let mut cache = cache(&[(1, 10), (3, 20), (5, 30)]);
    assert!(!cache.assign(5, 40), "an epoch keeps its first offset");
    assert!(cache.assign(4, 25));
    assert_eq!(entries(&cache), [(1, 10), (3, 20), (4, 25)]);
    assert!(cache.assign(6, 20));
    assert_eq!(entries(&cache), [(1, 10), (6, 20)]);
    assert!(!cache.assign(-1, 5));
}

#[test]
fn ends_of_epochs_are_those_of_kafka() {
    let cache = cache(&[(2, 10), (4, 20), (7, 30)]);
    let end = |epoch| {
        let found = cache.end_for(epoch, 50);
        (found.epoch, found.end_offset)
    };
    assert_eq!(end(7), (7, 50), "the latest ends with the log");
    assert_eq!(end(8), (-1, -1), "unknown and above");
    assert_eq!(end(-1), (-1, -1));
    assert_eq!(end(1), (1, 10), "below the first");
    assert_eq!(end(4), (4, 30));
    assert_eq!(end(5), (4, 30), "between two");
    assert_eq!(EpochCache::default().end_for(0, 50), EpochEnd::UNDEFINED);
}

#[test]
fn epochs_of_offsets() {
    let cache = cache(&[(2, 10), (4, 20)]);
    let of = |offset| cache.epoch_of(offset);
    assert_eq!([of(9), of(10), of(19), of(20), of(99)], [None, Some(2), Some(2), Some(4), Some(4)]);
}

#[test]
fn truncation_follows_the_log() {
    let mut cache = cache(&[(2, 10), (4, 20), (7, 30)]);
    assert!(cache.truncate_tail(30));
    assert_eq!(entries(&cache), [(2, 10), (4, 20)]);
    assert!(!cache.truncate_tail(21));
    assert!(cache.truncate_head(15));
    assert_eq!(entries(&cache), [(2, 15), (4, 20)]);
    assert!(cache.truncate_head(20));
    assert_eq!(entries(&cache), [(4, 20)]);
    assert!(!cache.truncate_head(20));
    assert!(cache.clear());
    assert!(!cache.clear());
}
