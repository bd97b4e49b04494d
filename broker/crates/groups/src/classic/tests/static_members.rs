use barnabas_wire::ErrorCode;
use barnabas_wire::api::heartbeat::HeartbeatRequest;
use barnabas_wire::api::join_group::JoinGroupRequest;

use crate::bench::{Bench, GROUP, SESSION_MS, join, join_static, join_with, sync};

/// A stable group of static members `a` and `b`; the first returned leads.
fn stable(bench: &mut Bench) -> Vec<(String, String)> {
    let tickets =
        ["a", "b"].map(|instance| (instance, bench.send_join(&join_static("", instance), 9)));
    bench.wait(10_000);
    let joined = tickets.map(|(instance, ticket)| (instance, bench.joined(ticket).unwrap()));
    let leader = joined[0].1.leader.clone();
    let mut members: Vec<_> = joined
        .map(|(instance, joined)| (instance.to_owned(), joined.member_id))
        .into_iter()
        .collect();
    members.sort_by_key(|(_, member)| *member != leader);
    let ids: Vec<_> = members.iter().map(|(_, member)| member.clone()).collect();
    let waiting = bench.send_sync(&sync(&ids[1], 1, &[]));
    bench.sync_now(&sync(&ids[0], 1, &ids));
    bench.synced(waiting).unwrap();
    members
}

#[test]
fn a_static_member_needs_no_second_join() {
    let mut bench = Bench::new();
    let ticket = bench.send_join(&join_static("", "a"), 9);
    bench.wait(3_000);
    let joined = bench.joined(ticket).unwrap();
    assert_eq!(joined.error_code, ErrorCode::NONE);
    assert!(joined.member_id.starts_with("a-"));
    assert_eq!(joined.members[0].group_instance_id.as_deref(), Some("a"));
}

#[test]
fn a_restarted_static_member_gets_its_assignment_without_a_rebalance() {
    let mut bench = Bench::new();
    let members = stable(&mut bench);
    let (instance, old) = &members[1];
    let back = bench.join_now(&join_static("", instance));
    assert_eq!((back.error_code, back.generation_id), (ErrorCode::NONE, 1));
    assert_ne!(back.member_id, *old);
    assert_eq!(bench.state(), "Stable");
    let synced = bench.sync_now(&sync(&back.member_id, 1, &[]));
    assert_eq!(synced.assignment, format!("1:{old}"));
    let replayed = bench.replayed().describe_group(GROUP, 5);
    assert_eq!(replayed, bench.coordinator.describe_group(GROUP, 5));
}

#[test]
fn the_old_incarnation_is_fenced() {
    let mut bench = Bench::new();
    let members = stable(&mut bench);
    let (instance, old) = &members[1];
    bench.join_now(&join_static("", instance));
    let request = HeartbeatRequest {
        group_id: GROUP.into(),
        generation_id: 1,
        member_id: old.clone(),
        group_instance_id: Some(instance.clone()),
    };
    let response = bench.coordinator.heartbeat(&request, bench.now_ms);
    assert_eq!(response.error_code, ErrorCode::FENCED_INSTANCE_ID);
    let again = bench.join_now(&join_static(old, instance));
    assert_eq!(again.error_code, ErrorCode::FENCED_INSTANCE_ID);
}

#[test]
fn a_restarted_leader_keeps_the_assignment() {
    let mut bench = Bench::new();
    let members = stable(&mut bench);
    let back = bench.join_now(&join_static("", &members[0].0));
    assert!(back.skip_assignment, "it leads and must not assign");
    assert_eq!(back.leader, back.member_id);
    assert_eq!(back.members.len(), 2);
    assert_eq!(bench.state(), "Stable");
}

#[test]
fn an_old_client_that_leads_again_is_told_that_another_does() {
    let mut bench = Bench::new();
    let members = stable(&mut bench);
    let ticket = bench.send_join(&join_static("", &members[0].0), 8);
    let back = bench.joined(ticket).unwrap();
    assert!(!back.skip_assignment && back.members.is_empty());
    assert_eq!(back.leader, members[0].1);
    assert_ne!(back.leader, back.member_id);
}

#[test]
fn a_restart_that_changes_the_protocol_rebalances() {
    let mut bench = Bench::new();
    let both: &[(&str, &[&str])] = &[("range", &["t"]), ("sticky", &["t"])];
    let first = |member: &str| {
        let mut request = join_with(member, both);
        request.group_instance_id = Some("a".into());
        request
    };
    let ticket = bench.send_join(&first(""), 9);
    bench.wait(3_000);
    let member = bench.joined(ticket).unwrap().member_id;
    bench.sync_now(&sync(&member, 1, std::slice::from_ref(&member)));
    let mut changed = join_with("", &[("sticky", &["t"])]);
    changed.group_instance_id = Some("a".into());
    let ticket = bench.send_join(&changed, 9);
    let joined = bench.joined(ticket).unwrap();
    assert_eq!(joined.generation_id, 2);
    assert_eq!(joined.protocol_name.as_deref(), Some("sticky"));
}

#[test]
fn the_first_of_two_with_one_instance_id_is_fenced_while_it_waits() {
    let mut bench = Bench::new();
    let first = bench.send_join(&join_static("", "a"), 9);
    let second = bench.send_join(&join_static("", "a"), 9);
    assert_eq!(bench.joined(first).unwrap().error_code, ErrorCode::FENCED_INSTANCE_ID);
    bench.wait(10_000);
    let joined = bench.joined(second).unwrap();
    assert_eq!((joined.error_code, joined.members.len()), (ErrorCode::NONE, 1));
}

#[test]
fn a_static_member_stays_through_a_rebalance_until_its_session_ends() {
    let mut bench = Bench::new();
    let members = stable(&mut bench);
    let ticket = bench.send_join(&join_static(&members[0].1, &members[0].0), 9);
    bench.wait(i64::from(SESSION_MS) - 1);
    assert!(bench.joined(ticket).is_none());
    bench.wait(1);
    let joined = bench.joined(ticket).unwrap();
    assert_eq!((joined.generation_id, joined.members.len()), (2, 1));
}

#[test]
fn an_administrator_removes_a_static_member_by_its_instance_id() {
    let mut bench = Bench::new();
    let members = stable(&mut bench);
    let response = bench.leave(&[("", Some(&members[1].0)), ("", Some("nobody"))]);
    assert_eq!(response.members[0].error_code, ErrorCode::NONE);
    assert_eq!(response.members[1].error_code, ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(bench.state(), "PreparingRebalance");
}

#[test]
fn static_and_dynamic_members_share_a_group() {
    let mut bench = Bench::new();
    let fixed = bench.send_join(&join_static("", "a"), 9);
    let (dynamic, ticket) = bench.start_member();
    bench.wait(10_000);
    assert_eq!(bench.joined(fixed).unwrap().generation_id, 1);
    assert_eq!(bench.joined(ticket).unwrap().member_id, dynamic);
    let claimed = bench.join_now(&join(""));
    let mut request = join_static(&claimed.member_id, "c");
    request.group_id = GROUP.into();
    assert_eq!(bench.join_now(&request).error_code, ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_member_without_a_rebalance_timeout_does_not_spin() {
    let mut bench = Bench::new();
    let hasty = JoinGroupRequest { rebalance_timeout_ms: 0, ..join_static("", "b") };
    let joins = [join_static("", "a"), hasty].map(|request| bench.send_join(&request, 9));
    bench.wait(10_000);
    let members = joins.map(|ticket| bench.joined(ticket).unwrap().member_id);
    let syncs = members.each_ref().map(|member| bench.send_sync(&sync(member, 1, &members)));
    for ticket in syncs {
        assert_eq!(bench.synced(ticket).unwrap().error_code, ErrorCode::NONE);
    }
    assert_eq!(bench.heartbeat(&members[1], 1), ErrorCode::NONE);
    bench.leave(&[(&members[0], Some("a"))]);
    // The other one stays, silent, until its session ends.
    bench.wait(i64::from(SESSION_MS) - 1);
    assert_eq!(bench.state(), "PreparingRebalance");
    bench.wait(1);
    assert_eq!(bench.state(), "Empty");
}
