use super::*;

const BACKOFF: Backoff = Backoff { first_ms: 20, longest_ms: 100 };

fn fetcher() -> Fetcher<u8> {
    Fetcher::new(BACKOFF)
}

fn at(leader_epoch: i32, offset: i64) -> FetchPosition {
    FetchPosition {
        leader_epoch: LeaderEpoch(leader_epoch),
        offset,
        last_epoch: LeaderEpoch(leader_epoch - 1),
        log_start_offset: 0,
        high_watermark: i64::MAX,
    }
}

/// A fetcher with a session of two partitions.
fn in_session() -> Fetcher<u8> {
    let mut fetcher = fetcher();
    fetcher.follow(1, at(5, 10));
    fetcher.follow(2, at(5, 20));
    let first = fetcher.request(0).unwrap();
    assert_eq!((first.session_id, first.session_epoch), (0, 0));
    assert_eq!(first.partitions, [(1, at(5, 10)), (2, at(5, 20))]);
    fetcher.session_answered(7);
    fetcher
}

#[test]
fn a_session_carries_only_changes() {
    let mut fetcher = in_session();
    let idle = fetcher.request(1).unwrap();
    assert_eq!((idle.session_id, idle.session_epoch), (7, 1));
    assert!(idle.partitions.is_empty() && idle.forgotten.is_empty());
    fetcher.session_answered(7);
    assert_eq!(fetcher.answered(1, FetchAnswer::Fetched, 2), Some((at(5, 10), FetchTask::Store)));
    fetcher.moved(1, at(5, 15));
    fetcher.unfollow(&2);
    let next = fetcher.request(3).unwrap();
    assert_eq!(next.session_epoch, 2);
    assert_eq!((next.partitions, next.forgotten), (vec![(1, at(5, 15))], vec![2]));
}

#[test]
fn a_lost_session_is_asked_for_again() {
    let mut fetcher = in_session();
    fetcher.request(1).unwrap();
    fetcher.session_failed(SessionFailure::NotFound, 2);
    let full = fetcher.request(2).unwrap();
    assert_eq!((full.session_id, full.session_epoch, full.partitions.len()), (0, 0, 2));
    fetcher.session_answered(8);
    fetcher.request(3).unwrap();
    fetcher.session_failed(SessionFailure::Refused, 4);
    let full = fetcher.request(4).unwrap();
    assert_eq!((full.session_id, full.session_epoch, full.partitions.len()), (8, 0, 2));
    fetcher.session_answered(0);
    let full = fetcher.request(5).unwrap();
    assert_eq!((full.session_id, full.session_epoch, full.partitions.len()), (0, 0, 2));
}

#[test]
fn an_unreachable_broker_is_tried_less_and_less_often() {
    let mut fetcher = in_session();
    let mut now = 0;
    for pause in [20, 40, 80, 100, 100] {
        assert!(fetcher.request(now).is_some());
        fetcher.session_failed(SessionFailure::Unreachable, now);
        assert_eq!(fetcher.next_deadline(), Some(now + pause));
        assert_eq!(fetcher.request(now + pause - 1), None);
        now += pause;
    }
    fetcher.request(now).unwrap();
    fetcher.session_failed(SessionFailure::Unreachable, now);
    fetcher.retry_now();
    assert!(fetcher.request(now).is_some());
    fetcher.session_answered(9);
    fetcher.session_failed(SessionFailure::Unreachable, now);
    assert_eq!(fetcher.next_deadline(), Some(now + 20));
}

#[test]
fn a_partition_in_trouble_does_not_hold_up_the_others() {
    let mut fetcher = in_session();
    let later = FetchAnswer::Failed(FetchFailure::Later);
    assert_eq!(fetcher.answered(1, later, 0), Some((at(5, 10), FetchTask::Nothing)));
    let next = fetcher.request(1).unwrap();
    assert_eq!((next.partitions, next.forgotten), (vec![], vec![1]));
    fetcher.session_answered(7);
    let again = fetcher.request(20).unwrap();
    assert_eq!(again.partitions, [(1, at(5, 10))]);
    fetcher.session_answered(7);
    fetcher.answered(1, later, 20);
    assert!(fetcher.request(59).unwrap().partitions.is_empty());
    fetcher.session_answered(7);
    assert_eq!(fetcher.request(60).unwrap().partitions.len(), 1, "twice the pause");
}

#[test]
fn truncation_and_reset_take_the_partition_out_until_they_are_done() {
    let mut fetcher = in_session();
    let diverging = FetchAnswer::Diverging(LeaderEpoch(3), 4);
    let task = FetchTask::Truncate(LeaderEpoch(3), 4);
    assert_eq!(fetcher.answered(1, diverging, 0), Some((at(5, 10), task)));
    let out_of_range = FetchAnswer::Failed(FetchFailure::OutOfRange);
    assert_eq!(fetcher.answered(2, out_of_range, 0), Some((at(5, 20), FetchTask::Reset)));
    assert_eq!((fetcher.request(1), fetcher.next_deadline()), (None, None));
    fetcher.moved(1, at(5, 4));
    let next = fetcher.request(2).unwrap();
    assert_eq!((next.session_id, next.session_epoch), (7, 0), "the empty session was given up");
    assert_eq!(next.partitions, [(1, at(5, 4))]);
    fetcher.delay(2, LeaderEpoch(5), 2);
    assert_eq!(fetcher.request(22).unwrap().partitions.len(), 2);
}

#[test]
fn a_partition_that_can_take_nothing_is_not_heard_of_for_a_while() {
    let mut fetcher = in_session();
    assert_eq!(fetcher.answered(1, FetchAnswer::Fetched, 0), Some((at(5, 10), FetchTask::Store)));
    fetcher.suspend(1, LeaderEpoch(4), 5_000);
    fetcher.suspend(1, LeaderEpoch(5), 3_000);
    assert_eq!(fetcher.request(1).unwrap().forgotten, [1]);
    fetcher.session_answered(7);
    assert!(fetcher.request(2_999).unwrap().partitions.is_empty());
    fetcher.session_answered(7);
    assert_eq!(fetcher.request(3_000).unwrap().partitions, [(1, at(5, 10))]);
}

#[test]
fn a_fenced_partition_waits_for_the_next_epoch() {
    let mut fetcher = in_session();
    fetcher.answered(1, FetchAnswer::Failed(FetchFailure::Fenced), 0);
    assert_eq!(fetcher.counts(), (2, 1));
    fetcher.follow(1, at(5, 10));
    assert_eq!(fetcher.counts(), (2, 1), "nothing new");
    fetcher.follow(1, at(6, 10));
    assert_eq!(fetcher.request(1).unwrap().partitions, [(1, at(6, 10))]);
}

#[test]
fn answers_of_another_time_change_nothing() {
    let mut fetcher = in_session();
    fetcher.follow(1, at(6, 10));
    assert_eq!(fetcher.answered(1, FetchAnswer::Fetched, 0), None, "asked in another epoch");
    fetcher.moved(1, at(5, 12));
    assert_eq!(fetcher.request(1).unwrap().partitions, [(1, at(6, 10))]);
    fetcher.unfollow(&2);
    assert_eq!(fetcher.answered(2, FetchAnswer::Fetched, 0), None);
    fetcher.moved(2, at(5, 25));
    assert!(!fetcher.follows(&2));
}

#[test]
fn new_partitions_may_cut_a_wait_short() {
    let mut fetcher = in_session();
    fetcher.request(1).unwrap();
    assert!(!fetcher.has_new());
    fetcher.follow(3, at(5, 0));
    assert!(fetcher.has_new());
    fetcher.supersede();
    let full = fetcher.request(2).unwrap();
    assert_eq!((full.session_id, full.session_epoch, full.partitions.len()), (7, 0, 3));
    assert!(!fetcher.has_new());
}

#[test]
fn a_follower_is_cut_where_both_logs_agree() {
    use crate::{LogEpochs, truncation};

    struct Log(Vec<(i32, i64)>, i64);

    impl LogEpochs for Log {
        fn end_of(&self, epoch: LeaderEpoch) -> Option<(LeaderEpoch, i64)> {
            let above = self.0.partition_point(|(known, _)| *known <= epoch.0);
            let floor = self.0[..above].last()?;
            let end = self.0.get(above).map_or(self.1, |(_, start)| *start);
            Some((LeaderEpoch(floor.0), end))
        }

        fn end_offset(&self) -> i64 {
            self.1
        }
    }

    let log = Log(vec![(1, 0), (3, 10), (5, 20)], 30);
    let cut = |epoch, end| truncation((LeaderEpoch(epoch), end), &log);
    assert_eq!(cut(5, 25), 25, "the leader has less of the last epoch");
    assert_eq!(cut(3, 15), 15);
    assert_eq!(cut(3, 40), 20, "the follower's epoch ends first");
    assert_eq!(cut(4, 18), 20, "an epoch unknown here: to the end of the one below, then again");
    assert_eq!(cut(0, 7), 7, "nothing that old: as the leader says");
}

#[test]
fn a_follower_out_of_range_fits_its_log_to_the_leader_s() {
    use crate::Fit;
    assert_eq!(Fit::new(10, 0, 7), Fit::Cut(7));
    assert_eq!(Fit::new(10, 12, 20), Fit::StartAt(12));
    assert_eq!(Fit::new(10, 10, 20), Fit::Stay);
}
