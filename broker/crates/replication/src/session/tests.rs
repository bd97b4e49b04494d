use super::*;

const MINUTES: i64 = 60_000;

fn partition(fetch_offset: i64) -> FetchPartition {
    FetchPartition {
        fetch_offset,
        max_bytes: 1000,
        current_leader_epoch: -1,
        last_fetched_epoch: -1,
        log_start_offset: -1,
        high_watermark: i64::MAX,
    }
}

fn request(id: SessionId, epoch: i32, keys: &[u32]) -> SessionRequest<u32> {
    SessionRequest {
        id,
        epoch,
        follower: false,
        uses_topic_ids: true,
        partitions: keys.iter().map(|key| (*key, partition(0))).collect(),
        forgotten: Vec::new(),
    }
}

fn quiet() -> Answered {
    Answered {
        high_watermark: 5,
        log_start_offset: 0,
        has_records: false,
        has_error: false,
        redirects: false,
    }
}

/// Opens a session over `keys` and returns its id (0 when refused).
fn open(cache: &mut SessionCache<u32>, keys: &[u32], follower: bool, now_ms: i64) -> SessionId {
    let request = SessionRequest { follower, ..request(SessionId(0), 0, keys) };
    let plan = cache.plan(request, now_ms).unwrap();
    let answers = vec![quiet(); keys.len()];
    cache.answer(&plan, &answers, now_ms).unwrap().session_id
}

fn next(
    cache: &mut SessionCache<u32>,
    id: SessionId,
    epoch: i32,
    answers: &[Answered],
) -> (Vec<u32>, Vec<bool>) {
    let plan = cache.plan(request(id, epoch, &[]), 0).unwrap();
    let keys = plan.partitions.iter().map(|(key, _)| *key).collect();
    (keys, cache.answer(&plan, answers, 0).unwrap().included)
}

#[test]
fn an_incremental_answer_has_only_news() {
    let mut cache = SessionCache::new(1000, 0);
    let id = open(&mut cache, &[1, 2, 3], false, 0);
    assert_ne!(id, SessionId(0));
    assert_eq!(next(&mut cache, id, 1, &[quiet(); 3]), (vec![1, 2, 3], vec![false; 3]));
    let moved = Answered { high_watermark: 6, ..quiet() };
    let started = Answered { log_start_offset: 1, ..quiet() };
    let redirected = Answered { redirects: true, ..quiet() };
    let (_, included) = next(&mut cache, id, 2, &[moved, started, redirected]);
    assert_eq!(included, [true, true, true]);
    let (_, included) = next(&mut cache, id, 3, &[moved, started, quiet()]);
    assert_eq!(included, [false, false, false]);
}

#[test]
fn after_an_error_the_next_good_answer_is_told() {
    let mut cache = SessionCache::new(1000, 0);
    let id = open(&mut cache, &[1], false, 0);
    let error = Answered { has_error: true, ..quiet() };
    assert_eq!(next(&mut cache, id, 1, &[error]).1, [true]);
    assert_eq!(next(&mut cache, id, 2, &[quiet()]).1, [true]);
    assert_eq!(next(&mut cache, id, 3, &[quiet()]).1, [false]);
}

#[test]
fn a_partition_with_records_goes_to_the_end_of_the_line() {
    let mut cache = SessionCache::new(1000, 0);
    let id = open(&mut cache, &[1, 2, 3], false, 0);
    let records = Answered { has_records: true, ..quiet() };
    assert_eq!(next(&mut cache, id, 1, &[records, quiet(), quiet()]).1, [true, false, false]);
    assert_eq!(next(&mut cache, id, 2, &[quiet(); 3]).0, [2, 3, 1]);
}

#[test]
fn a_session_takes_additions_updates_and_removals() {
    let mut cache = SessionCache::new(1000, 0);
    let id = open(&mut cache, &[1, 2], false, 0);
    let update = SessionRequest {
        partitions: vec![(2, partition(9)), (3, partition(4))],
        forgotten: vec![1],
        ..request(id, 1, &[])
    };
    let plan = cache.plan(update, 0).unwrap();
    assert_eq!(plan.partitions, [(2, partition(9)), (3, partition(4))]);
    assert_eq!(cache.partitions(), 2);
}

#[test]
fn a_session_without_partitions_is_closed() {
    let mut cache = SessionCache::new(1000, 0);
    let id = open(&mut cache, &[1], false, 0);
    let plan = cache.plan(SessionRequest { forgotten: vec![1], ..request(id, 1, &[]) }, 0).unwrap();
    assert_eq!(cache.answer(&plan, &[], 0).unwrap().session_id, SessionId(0));
    assert_eq!(cache.plan(request(id, 2, &[]), 0).unwrap_err(), SessionError::NotFound);
}

#[test]
fn wrong_sessions_are_refused() {
    let mut cache = SessionCache::new(1000, 0);
    assert_eq!(cache.plan(request(SessionId(9), 1, &[]), 0).unwrap_err(), SessionError::NotFound);
    let id = open(&mut cache, &[1], false, 0);
    assert_eq!(cache.plan(request(id, 2, &[]), 0).unwrap_err(), SessionError::InvalidEpoch);
    let by_name = SessionRequest { uses_topic_ids: false, ..request(id, 1, &[]) };
    assert_eq!(cache.plan(by_name, 0).unwrap_err(), SessionError::TopicIds);
    assert!(cache.plan(request(id, 1, &[]), 0).is_ok());
    assert_eq!(cache.plan(request(id, 1, &[]), 0).unwrap_err(), SessionError::InvalidEpoch);
}

#[test]
fn a_final_epoch_closes_the_session() {
    let mut cache = SessionCache::new(1000, 0);
    let id = open(&mut cache, &[1], false, 0);
    let plan = cache.plan(request(id, -1, &[1]), 0).unwrap();
    assert_eq!(plan.partitions.len(), 1);
    assert_eq!(cache.answer(&plan, &[quiet()], 0).unwrap().session_id, SessionId(0));
    assert!(cache.is_empty());
}

#[test]
fn epochs_wrap_to_one() {
    assert_eq!(next_epoch(i32::MAX), 1);
    assert_eq!(next_epoch(1), 2);
}

#[test]
fn a_full_cache_keeps_young_sessions_and_drops_idle_ones() {
    let mut cache = SessionCache::new(1, 0);
    let first = open(&mut cache, &[1], false, 0);
    assert_eq!(open(&mut cache, &[1, 2], false, MINUTES), SessionId(0));
    let second = open(&mut cache, &[1], false, 2 * MINUTES + 1);
    assert_ne!(second, SessionId(0));
    assert_eq!(cache.plan(request(first, 1, &[]), 0).unwrap_err(), SessionError::NotFound);
}

#[test]
fn a_busy_old_session_gives_way_to_one_not_smaller() {
    let mut cache = SessionCache::new(1, 0);
    let id = open(&mut cache, &[1, 2], false, 0);
    cache.plan(request(id, 1, &[]), 3 * MINUTES).unwrap();
    assert_eq!(open(&mut cache, &[1], false, 3 * MINUTES), SessionId(0));
    assert_ne!(open(&mut cache, &[3, 4], false, 3 * MINUTES), SessionId(0));
}

#[test]
fn a_follower_displaces_a_young_consumer_but_not_the_other_way() {
    let mut cache = SessionCache::new(1, 0);
    open(&mut cache, &[1, 2, 3], false, 0);
    let follower = open(&mut cache, &[1], true, 1);
    assert_ne!(follower, SessionId(0));
    cache.plan(request(follower, 1, &[]), 3 * MINUTES).unwrap();
    assert_eq!(open(&mut cache, &[1, 2, 3], false, 3 * MINUTES), SessionId(0));
    assert_ne!(open(&mut cache, &[1], true, 3 * MINUTES), SessionId(0));
}
