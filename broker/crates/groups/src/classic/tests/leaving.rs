use barnabas_wire::ErrorCode;
use barnabas_wire::api::leave_group::LeaveGroupRequest;

use crate::Step;
use crate::bench::{Bench, GROUP, join};

#[test]
fn leaving_starts_a_rebalance_at_once() {
    let mut bench = Bench::new();
    let members = bench.stable(2);
    let response = bench.leave(&[(&members[0], None)]);
    assert_eq!(response.error_code, ErrorCode::NONE);
    assert_eq!(response.members[0].error_code, ErrorCode::NONE);
    assert_eq!(bench.heartbeat(&members[1], 1), ErrorCode::REBALANCE_IN_PROGRESS);
    let ticket = bench.send_join(&join(&members[1]), 9);
    let joined = bench.joined(ticket).unwrap();
    assert_eq!((joined.generation_id, joined.leader), (2, members[1].clone()));
}

#[test]
fn the_last_one_to_leave_empties_the_group() {
    let mut bench = Bench::new();
    let members = bench.stable(1);
    bench.leave(&[(&members[0], None)]);
    assert_eq!(bench.state(), "Empty");
    let described = bench.replayed().describe_group(GROUP, 5);
    assert_eq!(described.group_state, "Empty");
    assert_eq!(described.protocol_type, "consumer");
}

#[test]
fn each_of_a_batch_is_answered() {
    let mut bench = Bench::new();
    let members = bench.stable(1);
    let pending = bench.join_now(&join("")).member_id;
    let response = bench.leave(&[
        ("ghost", None),
        (&members[0], Some("nobody")),
        (&pending, None),
        ("", None),
    ]);
    let codes: Vec<_> = response.members.iter().map(|member| member.error_code).collect();
    let unknown = ErrorCode::UNKNOWN_MEMBER_ID;
    assert_eq!(codes, [unknown, unknown, ErrorCode::NONE, unknown]);
    assert_eq!(bench.join_now(&join(&pending)).error_code, unknown);
}

#[test]
fn old_versions_name_one_member() {
    let mut bench = Bench::new();
    let members = bench.stable(1);
    let mut leave = |member: &str| {
        let request = LeaveGroupRequest {
            group_id: GROUP.into(),
            member_id: member.into(),
            ..LeaveGroupRequest::default()
        };
        let response = bench.coordinator.leave(&request, 2, 0, &mut Step::default());
        assert!(response.members.is_empty());
        response.error_code
    };
    assert_eq!(leave("ghost"), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(leave(&members[0]), ErrorCode::NONE);
}

#[test]
fn members_of_an_unknown_group_are_unknown() {
    let mut bench = Bench::new();
    let response = bench.leave(&[("ghost", None)]);
    assert_eq!(response.error_code, ErrorCode::NONE);
    assert_eq!(response.members[0].error_code, ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn who_leaves_while_it_waits_is_told() {
    let mut bench = Bench::new();
    let (member, waiting) = bench.start_member();
    bench.leave(&[(&member, None)]);
    assert_eq!(bench.joined(waiting).unwrap().error_code, ErrorCode::UNKNOWN_MEMBER_ID);
    bench.wait(3_000);
    assert_eq!(bench.state(), "Empty");
}
