use barnabas_wire::ErrorCode;
use barnabas_wire::api::sync_group::SyncGroupRequest;
use bytes::Bytes;

use crate::Config;
use crate::bench::{Bench, GROUP, REBALANCE_MS, SESSION_MS, join, sync};

#[test]
fn the_leaders_assignment_reaches_everybody_and_the_log() {
    let mut bench = Bench::new();
    let members = bench.stable(3);
    for member in &members {
        let again = bench.sync_now(&sync(member, 1, &[]));
        assert_eq!(again.assignment, Bytes::from(format!("1:{member}")));
        assert_eq!(again.protocol_name.as_deref(), Some("range"));
    }
    let described = bench.coordinator.describe_group(GROUP, 5);
    assert_eq!(described.group_state, "Stable");
    assert_eq!(described.protocol_data, "range");
    assert_eq!(bench.replayed().describe_group(GROUP, 5), described);
}

#[test]
fn wrong_syncs_are_refused() {
    let mut bench = Bench::new();
    let members = bench.stable(1);
    assert_eq!(bench.sync_now(&sync("ghost", 1, &[])).error_code, ErrorCode::UNKNOWN_MEMBER_ID);
    let old = bench.sync_now(&sync(&members[0], 0, &[]));
    assert_eq!(old.error_code, ErrorCode::ILLEGAL_GENERATION);
    let other =
        SyncGroupRequest { protocol_name: Some("other".into()), ..sync(&members[0], 1, &[]) };
    assert_eq!(bench.sync_now(&other).error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    bench.start_member();
    let during = bench.sync_now(&sync(&members[0], 1, &[]));
    assert_eq!(during.error_code, ErrorCode::REBALANCE_IN_PROGRESS);
}

#[test]
fn members_that_wait_for_the_leader_join_again_when_somebody_comes() {
    let mut bench = Bench::new();
    let members = bench.stable(2);
    bench.send_join(&join(&members[0]), 9);
    bench.send_join(&join(&members[1]), 9);
    let waiting = bench.send_sync(&sync(&members[1], 2, &[]));
    bench.start_member();
    let answer = bench.synced(waiting).unwrap();
    assert_eq!(answer.error_code, ErrorCode::REBALANCE_IN_PROGRESS);
}

#[test]
fn who_does_not_sync_in_time_is_removed() {
    let mut bench = Bench::new();
    let members = bench.stable(2);
    bench.send_join(&join(&members[0]), 9);
    bench.send_join(&join(&members[1]), 9);
    bench.send_sync(&sync(&members[1], 2, &[]));
    for _ in 0..(REBALANCE_MS / 5_000) {
        bench.wait(5_000);
        bench.heartbeat(&members[0], 2);
    }
    assert_eq!(bench.heartbeat(&members[0], 2), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(bench.heartbeat(&members[1], 2), ErrorCode::REBALANCE_IN_PROGRESS);
}

#[test]
fn heartbeats_are_good_before_the_first_sync() {
    let mut bench = Bench::new();
    let (member, _) = bench.start_member();
    bench.wait(3_000);
    assert_eq!(bench.state(), "CompletingRebalance");
    assert_eq!(bench.heartbeat(&member, 1), ErrorCode::NONE);
    assert_eq!(bench.heartbeat(&member, 0), ErrorCode::ILLEGAL_GENERATION);
    assert_eq!(bench.heartbeat("ghost", 1), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_silent_member_is_removed_after_its_session_timeout() {
    let mut bench = Bench::new();
    let members = bench.stable(2);
    bench.wait(i64::from(SESSION_MS) - 1);
    assert_eq!(bench.heartbeat(&members[0], 1), ErrorCode::NONE);
    bench.wait(1);
    assert_eq!(bench.heartbeat(&members[1], 1), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(bench.heartbeat(&members[0], 1), ErrorCode::REBALANCE_IN_PROGRESS);
}

#[test]
fn a_group_that_all_members_abandoned_is_empty() {
    let mut bench = Bench::new();
    bench.stable(2);
    bench.wait(i64::from(SESSION_MS));
    assert_eq!(bench.state(), "Empty");
    let replayed = bench.replayed().describe_group(GROUP, 5);
    assert_eq!(replayed, bench.coordinator.describe_group(GROUP, 5));
}

#[test]
fn a_group_too_large_for_its_record_does_not_become_stable() {
    let mut bench = Bench::with(Config { record_max_bytes: 50, ..Config::default() });
    let (member, _) = bench.start_member();
    bench.wait(3_000);
    let refused = bench.sync_now(&sync(&member, 1, std::slice::from_ref(&member)));
    assert_eq!(refused.error_code, ErrorCode::UNKNOWN_SERVER_ERROR);
    assert_eq!(bench.state(), "PreparingRebalance");
}

#[test]
fn whoever_waits_is_told_when_the_coordinator_moves() {
    let mut bench = Bench::new();
    let members = bench.stable(2);
    bench.send_join(&join(&members[0]), 9);
    bench.send_join(&join(&members[1]), 9);
    bench.send_sync(&sync(&members[1], 2, &[]));
    let step = bench.coordinator.unload();
    let [(_, crate::Reply::Sync(response))] = step.replies.as_slice() else {
        panic!("one sync waits: {:?}", step.replies);
    };
    assert_eq!(response.error_code, ErrorCode::NOT_COORDINATOR);
}
