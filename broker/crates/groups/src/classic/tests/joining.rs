use barnabas_wire::ErrorCode;
use barnabas_wire::api::join_group::JoinGroupRequest;

use crate::Config;
use crate::bench::{Bench, REBALANCE_MS, SESSION_MS, join, join_with, sync};

#[test]
fn a_client_must_join_with_the_id_that_it_was_given() {
    let mut bench = Bench::new();
    let first = bench.join_now(&join(""));
    assert_eq!(first.error_code, ErrorCode::MEMBER_ID_REQUIRED);
    assert!(first.member_id.starts_with("app-"));
    let ticket = bench.send_join(&join(&first.member_id), 9);
    bench.wait(3_000);
    let joined = bench.joined(ticket).unwrap();
    assert_eq!(joined.error_code, ErrorCode::NONE);
    assert_eq!((joined.generation_id, joined.leader), (1, first.member_id.clone()));
    assert_eq!(joined.protocol_name.as_deref(), Some("range"));
    assert_eq!(joined.members.len(), 1);
}

#[test]
fn an_old_client_joins_at_once() {
    let mut bench = Bench::new();
    let ticket = bench.send_join(&join(""), 3);
    bench.wait(3_000);
    assert_eq!(bench.joined(ticket).unwrap().error_code, ErrorCode::NONE);
}

#[test]
fn a_client_that_never_comes_back_is_forgotten() {
    let mut bench = Bench::new();
    let first = bench.join_now(&join(""));
    bench.wait(i64::from(SESSION_MS));
    let late = bench.join_now(&join(&first.member_id));
    assert_eq!(late.error_code, ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn unknown_members_and_bad_values_are_refused() {
    let mut bench = Bench::new();
    assert_eq!(bench.join_now(&join("ghost")).error_code, ErrorCode::UNKNOWN_MEMBER_ID);
    let nameless = JoinGroupRequest { group_id: String::new(), ..join("") };
    assert_eq!(bench.join_now(&nameless).error_code, ErrorCode::INVALID_GROUP_ID);
    for session_timeout_ms in [5_999, 1_800_001] {
        let bad = JoinGroupRequest { session_timeout_ms, ..join("") };
        assert_eq!(bench.join_now(&bad).error_code, ErrorCode::INVALID_SESSION_TIMEOUT);
    }
    let silent = join_with("", &[]);
    assert_eq!(bench.join_now(&silent).error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    assert_eq!(bench.coordinator.groups_len(), 0, "a refused join leaves no group");
}

#[test]
fn the_first_rebalance_waits_longer_while_members_come() {
    let mut bench = Bench::new();
    let (_, first) = bench.start_member();
    bench.wait(2_000);
    let (_, second) = bench.start_member();
    bench.wait(1_000);
    assert!(bench.joined(first).is_none(), "extended for the second member");
    bench.wait(3_000);
    assert_eq!(bench.joined(first).unwrap().generation_id, 1);
    assert_eq!(bench.joined(second).unwrap().generation_id, 1);
}

#[test]
fn the_first_rebalance_does_not_wait_beyond_the_rebalance_timeout() {
    let mut bench = Bench::new();
    let quick = |member: &str| JoinGroupRequest { rebalance_timeout_ms: 7_000, ..join(member) };
    let mut tickets = Vec::new();
    for _ in 0..4 {
        let member = bench.join_now(&quick("")).member_id;
        tickets.push(bench.send_join(&quick(&member), 9));
        bench.wait(2_000);
    }
    for ticket in tickets {
        assert!(bench.joined(ticket).is_some(), "3 s, 3 s more, then the last second");
    }
}

#[test]
fn a_new_member_makes_the_others_join_again() {
    let mut bench = Bench::new();
    let members = bench.stable(2);
    let (third, waiting) = bench.start_member();
    assert_eq!(bench.heartbeat(&members[0], 1), ErrorCode::REBALANCE_IN_PROGRESS);
    let first = bench.send_join(&join(&members[0]), 9);
    assert!(bench.joined(waiting).is_none());
    let second = bench.send_join(&join(&members[1]), 9);
    let answers: Vec<_> =
        [first, second, waiting].into_iter().map(|ticket| bench.joined(ticket).unwrap()).collect();
    assert!(answers.iter().all(|answer| answer.generation_id == 2));
    assert_eq!(answers[0].members.len(), 3);
    assert!(answers[1].members.is_empty());
    assert_eq!(answers[2].member_id, third);
}

#[test]
fn who_does_not_join_again_in_time_is_left_behind() {
    let mut bench = Bench::new();
    let members = bench.stable(2);
    let (third, waiting) = bench.start_member();
    // Both keep their sessions; only the new one waits for the rebalance.
    for _ in 0..(REBALANCE_MS / 5_000) {
        bench.wait(5_000);
        bench.heartbeat(&members[0], 1);
        bench.heartbeat(&members[1], 1);
    }
    let joined = bench.joined(waiting).unwrap();
    assert_eq!((joined.generation_id, joined.leader), (2, third));
    assert_eq!(joined.members.len(), 1);
    assert_eq!(bench.heartbeat(&members[0], 1), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_follower_that_joins_unchanged_gets_the_present_generation() {
    let mut bench = Bench::new();
    let members = bench.stable(2);
    let answer = bench.join_now(&join(&members[1]));
    assert_eq!((answer.generation_id, answer.leader), (1, members[0].clone()));
    assert_eq!(bench.state(), "Stable");
}

#[test]
fn the_leader_or_a_changed_subscription_starts_a_rebalance() {
    let mut bench = Bench::new();
    let members = bench.stable(2);
    bench.send_join(&join_with(&members[1], &[("range", &["t", "u"])]), 9);
    assert_eq!(bench.state(), "PreparingRebalance");
    let mut bench = Bench::new();
    let members = bench.stable(2);
    bench.send_join(&join(&members[0]), 9);
    assert_eq!(bench.state(), "PreparingRebalance");
}

#[test]
fn a_lost_join_answer_is_given_again() {
    let mut bench = Bench::new();
    let (member, ticket) = bench.start_member();
    bench.wait(3_000);
    let first = bench.joined(ticket).unwrap();
    assert_eq!(bench.state(), "CompletingRebalance");
    assert_eq!(bench.join_now(&join(&member)), first);
}

#[test]
fn the_protocol_that_most_members_prefer_wins() {
    let mut bench = Bench::new();
    let preferences: [&[(&str, &[&str])]; 3] = [
        &[("a", &["t"]), ("b", &["t"])],
        &[("b", &["t"]), ("a", &["t"])],
        &[("c", &["t"]), ("b", &["t"]), ("a", &["t"])],
    ];
    let mut tickets = Vec::new();
    for protocols in preferences {
        let member = bench.join_now(&join_with("", protocols)).member_id;
        tickets.push(bench.send_join(&join_with(&member, protocols), 9));
    }
    bench.wait(10_000);
    for ticket in tickets {
        assert_eq!(bench.joined(ticket).unwrap().protocol_name.as_deref(), Some("b"));
    }
    let stranger = join_with("", &[("c", &["t"])]);
    assert_eq!(bench.join_now(&stranger).error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    let other_type = JoinGroupRequest { protocol_type: "connect".into(), ..join("") };
    assert_eq!(bench.join_now(&other_type).error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
}

#[test]
fn a_full_group_takes_nobody() {
    let mut bench = Bench::with(Config { max_size: 2, ..Config::default() });
    let members = bench.stable(2);
    let refused = bench.join_now(&join(""));
    assert_eq!(refused.error_code, ErrorCode::GROUP_MAX_SIZE_REACHED);
    assert_eq!(refused.member_id, "");
    assert_eq!(bench.heartbeat(&members[0], 1), ErrorCode::NONE);
    bench.send_join(&join(&members[0]), 9);
    bench.send_join(&join(&members[1]), 9);
    assert_eq!(bench.state(), "CompletingRebalance", "members come back");
}

#[test]
fn a_request_sent_again_answers_the_earlier_one() {
    let mut bench = Bench::new();
    let (member, first) = bench.start_member();
    let second = bench.send_join(&join(&member), 9);
    assert_eq!(bench.joined(first).unwrap().error_code, ErrorCode::REBALANCE_IN_PROGRESS);
    bench.wait(3_000);
    assert_eq!(bench.joined(second).unwrap().error_code, ErrorCode::NONE);
}

#[test]
fn a_member_waits_for_others_longer_than_its_session() {
    let mut bench = Bench::new();
    let members = bench.stable(2);
    let waiting = bench.send_join(&join(&members[0]), 9);
    for _ in 0..4 {
        bench.wait(i64::from(SESSION_MS) / 2);
        bench.heartbeat(&members[1], 1);
    }
    assert!(bench.joined(waiting).is_none());
    bench.send_join(&join(&members[1]), 9);
    assert_eq!(bench.joined(waiting).unwrap().error_code, ErrorCode::NONE);
    assert_eq!(bench.heartbeat(&members[0], 2), ErrorCode::NONE);
    assert_eq!(bench.sync_now(&sync(&members[0], 2, &members)).error_code, ErrorCode::NONE);
}
