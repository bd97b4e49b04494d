use barnabas_wire::ErrorCode;
use barnabas_wire::api::list_groups::ListGroupsRequest;
use bytes::Bytes;

use crate::bench::{Bench, GROUP, SESSION_MS, join};
use crate::error::GroupError;
use crate::{Decoded, Step};

fn listed(bench: &Bench, states: &[&str], types: &[&str]) -> usize {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let request = ListGroupsRequest { states_filter: owned(states), types_filter: owned(types) };
    bench.coordinator.list_groups(&request).len()
}

#[test]
fn groups_are_listed_by_state_and_type() {
    let mut bench = Bench::new();
    bench.stable(1);
    let all = bench.coordinator.list_groups(&ListGroupsRequest::default());
    assert_eq!((all[0].group_id.as_str(), all[0].group_state.as_str()), (GROUP, "Stable"));
    assert_eq!(
        (all[0].protocol_type.as_str(), all[0].group_type.as_str()),
        ("consumer", "Classic")
    );
    assert_eq!(listed(&bench, &["stable"], &[]), 1);
    assert_eq!(listed(&bench, &["Empty", "Stable"], &["classic"]), 1);
    assert_eq!(listed(&bench, &["Empty"], &[]), 0);
    assert_eq!(listed(&bench, &[], &["consumer"]), 0);
}

#[test]
fn an_unknown_group_is_dead_or_an_error_in_newer_versions() {
    let bench = Bench::new();
    let old = bench.coordinator.describe_group("ghost", 5);
    assert_eq!((old.group_state.as_str(), old.error_code), ("Dead", ErrorCode::NONE));
    let new = bench.coordinator.describe_group("ghost", 6);
    assert_eq!(new.error_code, ErrorCode::GROUP_ID_NOT_FOUND);
    assert!(new.error_message.is_some());
}

#[test]
fn a_group_is_deleted_only_when_empty_and_with_its_offsets() {
    let mut bench = Bench::new();
    let mut step = Step::default();
    let gone = bench.coordinator.delete_group(GROUP, &mut step);
    assert_eq!(gone, Err(GroupError::GroupIdNotFound));
    let members = bench.stable(1);
    bench.commit(&members[0], 1, 5);
    let alive = bench.coordinator.delete_group(GROUP, &mut step);
    assert_eq!(alive, Err(GroupError::NonEmptyGroup));
    bench.leave(&[(&members[0], None)]);
    assert_eq!(bench.coordinator.delete_group(GROUP, &mut step), Ok(()));
    bench.take(step);
    assert_eq!((bench.coordinator.groups_len(), bench.coordinator.offsets_len()), (0, 0));
    let replayed = bench.replayed();
    assert_eq!((replayed.groups_len(), replayed.offsets_len()), (0, 0));
}

#[test]
fn after_a_restart_members_go_on_and_silent_ones_are_removed() {
    let mut bench = Bench::new();
    let members = bench.stable(2);
    bench.coordinator = bench.replayed();
    let mut step = Step::default();
    bench.coordinator.loaded(bench.now_ms, &mut step);
    bench.take(step);
    assert_eq!(bench.state(), "Stable");
    bench.wait(i64::from(SESSION_MS) - 1);
    assert_eq!(bench.heartbeat(&members[0], 1), ErrorCode::NONE);
    assert_eq!(bench.commit(&members[0], 1, 7), ErrorCode::NONE);
    bench.wait(1);
    assert_eq!(bench.heartbeat(&members[0], 1), ErrorCode::REBALANCE_IN_PROGRESS);
    let ticket = bench.send_join(&join(&members[0]), 9);
    assert_eq!(bench.joined(ticket).unwrap().generation_id, 2);
}

#[test]
fn records_of_other_kinds_of_groups_are_skipped() {
    let mut bench = Bench::new();
    let read = bench.coordinator.replay(Bytes::from_static(&[0, 3, 0, 1, b'g']), None).unwrap();
    assert_eq!(read, Decoded::Unknown { record_type: 3, version: None });
    assert_eq!(bench.coordinator.groups_len(), 0);
}
