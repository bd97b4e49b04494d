use std::collections::BTreeSet;

use barnabas_wire::api::offset_commit::OffsetCommitRequest;
use barnabas_wire::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use barnabas_wire::api::offset_fetch::OffsetFetchRequestTopics;
use barnabas_wire::{ErrorCode, Uuid};

use crate::Step;
use crate::bench::{Bench, GROUP, commit, join_with, sync};
use crate::coordinator::Coordinator;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const CHECK_MS: i64 = 600_000;

fn offset_of(coordinator: &Coordinator, topic: &str) -> i64 {
    offset_by_id(coordinator, topic, Uuid::ZERO)
}

fn offset_by_id(coordinator: &Coordinator, topic: &str, topic_id: Uuid) -> i64 {
    let asked =
        OffsetFetchRequestTopics { name: topic.into(), topic_id, partition_indexes: vec![0] };
    let topics = coordinator.fetch_offsets(GROUP, &[asked]);
    assert_eq!(topics[0].partitions[0].error_code, ErrorCode::NONE);
    topics[0].partitions[0].committed_offset
}

#[test]
fn a_consumer_without_a_group_commits_and_fetches() {
    let mut bench = Bench::new();
    assert_eq!(offset_of(&bench.coordinator, "t"), -1);
    assert_eq!(bench.commit("", -1, 42), ErrorCode::NONE);
    assert_eq!(offset_of(&bench.coordinator, "t"), 42);
    assert_eq!(offset_of(&bench.coordinator, "other"), -1);
    assert_eq!(offset_of(&bench.replayed(), "t"), 42);
    assert_eq!(bench.coordinator.fetch_all_offsets(GROUP).len(), 1);
    assert_eq!(bench.state(), "Empty");
}

#[test]
fn only_members_commit_while_there_are_members() {
    let mut bench = Bench::new();
    let members = bench.stable(1);
    assert_eq!(bench.commit("", -1, 1), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(bench.commit("ghost", 1, 1), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(bench.commit(&members[0], 0, 1), ErrorCode::ILLEGAL_GENERATION);
    assert_eq!(bench.commit(&members[0], 1, 1), ErrorCode::NONE);
}

#[test]
fn a_generation_of_an_unknown_group_is_illegal() {
    let mut bench = Bench::new();
    assert_eq!(bench.commit("ghost", 1, 1), ErrorCode::ILLEGAL_GENERATION);
    let request = commit("ghost", 1, 1);
    assert_eq!(bench.commit_in(&request, 9), ErrorCode::GROUP_ID_NOT_FOUND);
}

#[test]
fn no_commit_while_the_leader_assigns() {
    let mut bench = Bench::new();
    let (member, _) = bench.start_member();
    bench.wait(3_000);
    assert_eq!(bench.commit(&member, 1, 1), ErrorCode::REBALANCE_IN_PROGRESS);
    bench.sync_now(&sync(&member, 1, &[]));
    assert_eq!(bench.commit(&member, 1, 1), ErrorCode::NONE);
}

#[test]
fn commits_keep_the_session_alive() {
    let mut bench = Bench::new();
    let members = bench.stable(1);
    for offset in 0..5 {
        bench.wait(9_000);
        assert_eq!(bench.commit(&members[0], 1, offset), ErrorCode::NONE);
    }
    assert_eq!(bench.heartbeat(&members[0], 1), ErrorCode::NONE);
}

#[test]
fn long_notes_are_refused() {
    let mut bench = Bench::new();
    let mut request = commit("", -1, 1);
    request.topics[0].partitions[0].committed_metadata = Some("x".repeat(4_096));
    assert_eq!(bench.commit_in(&request, 8), ErrorCode::NONE);
    request.topics[0].partitions[0].committed_metadata = Some("x".repeat(4_097));
    assert_eq!(bench.commit_in(&request, 8), ErrorCode::OFFSET_METADATA_TOO_LARGE);
    let fetched = bench.coordinator.fetch_all_offsets(GROUP);
    assert_eq!(fetched[0].partitions[0].metadata.as_ref().unwrap().len(), 4_096);
}

#[test]
fn offsets_of_an_earlier_topic_of_the_name_are_none() {
    let mut bench = Bench::new();
    let mut request = commit("", -1, 5);
    request.topics[0].topic_id = Uuid([1; 16]);
    bench.commit_in(&request, 10);
    assert_eq!(offset_by_id(&bench.coordinator, "t", Uuid([1; 16])), 5);
    assert_eq!(offset_by_id(&bench.coordinator, "t", Uuid([2; 16])), -1);
    assert_eq!(offset_by_id(&bench.replayed(), "t", Uuid([1; 16])), 5);
}

#[test]
fn offsets_without_members_expire_a_week_after_the_commit() {
    let mut bench = Bench::new();
    bench.commit("", -1, 5);
    bench.wait(7 * DAY_MS - CHECK_MS);
    assert_eq!(offset_of(&bench.coordinator, "t"), 5);
    bench.wait(2 * CHECK_MS);
    assert_eq!(offset_of(&bench.coordinator, "t"), -1);
    assert_eq!(bench.coordinator.groups_len(), 0, "the group goes with its offsets");
    let replayed = bench.replayed();
    assert_eq!((replayed.groups_len(), replayed.offsets_len()), (0, 0));
}

#[test]
fn offsets_of_an_abandoned_group_expire_a_week_after_it_became_empty() {
    let mut bench = Bench::new();
    let members = bench.stable(1);
    bench.commit(&members[0], 1, 5);
    for _ in 0..(8 * DAY_MS / 9_000) {
        bench.wait(9_000);
        bench.heartbeat(&members[0], 1);
    }
    bench.leave(&[(&members[0], None)]);
    bench.wait(7 * DAY_MS - CHECK_MS);
    assert_eq!(offset_of(&bench.coordinator, "t"), 5);
    bench.wait(2 * CHECK_MS);
    assert_eq!(offset_of(&bench.coordinator, "t"), -1);
}

#[test]
fn a_live_group_loses_only_topics_that_it_does_not_consume() {
    let mut bench = Bench::new();
    let members = bench.stable(1);
    bench.commit(&members[0], 1, 5);
    let mut other = commit(&members[0], 1, 6);
    other.topics[0].name = "unsubscribed".into();
    bench.commit_in(&other, 8);
    for _ in 0..(8 * DAY_MS / 9_000) {
        bench.wait(9_000);
        bench.heartbeat(&members[0], 1);
    }
    assert_eq!(offset_of(&bench.coordinator, "t"), 5);
    assert_eq!(offset_of(&bench.coordinator, "unsubscribed"), -1);
}

#[test]
fn an_explicit_retention_is_kept_and_survives_a_restart() {
    let mut bench = Bench::new();
    let request = OffsetCommitRequest { retention_time_ms: DAY_MS, ..commit("", -1, 5) };
    bench.commit_in(&request, 4);
    assert_eq!(bench.log[0].value.as_ref().unwrap()[..2], [0, 1], "written as version 1");
    bench.coordinator = bench.replayed();
    bench.coordinator.loaded(0, &mut Step::default());
    bench.wait(DAY_MS + CHECK_MS);
    assert_eq!(offset_of(&bench.coordinator, "t"), -1);
}

fn delete(bench: &mut Bench, topic: &str) -> (ErrorCode, Option<ErrorCode>) {
    let request = OffsetDeleteRequest {
        group_id: GROUP.into(),
        topics: vec![OffsetDeleteRequestTopic {
            name: topic.into(),
            partitions: vec![OffsetDeleteRequestPartition { partition_index: 0 }],
        }],
    };
    let mut step = Step::default();
    let response = bench.coordinator.delete_offsets(&request, &mut step);
    bench.take(step);
    let partition = response.topics.first().map(|topic| topic.partitions[0].error_code);
    (response.error_code, partition)
}

#[test]
fn offsets_are_deleted_unless_in_use() {
    let mut bench = Bench::new();
    assert_eq!(delete(&mut bench, "t"), (ErrorCode::GROUP_ID_NOT_FOUND, None));
    let members = bench.stable(1);
    bench.commit(&members[0], 1, 5);
    let subscribed = (ErrorCode::NONE, Some(ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC));
    assert_eq!(delete(&mut bench, "t"), subscribed);
    bench.leave(&[(&members[0], None)]);
    assert_eq!(delete(&mut bench, "t"), (ErrorCode::NONE, Some(ErrorCode::NONE)));
    assert_eq!(offset_of(&bench.coordinator, "t"), -1);
    assert_eq!(offset_of(&bench.replayed(), "t"), -1);
}

#[test]
fn a_group_of_another_kind_of_client_keeps_its_offsets_while_it_lives() {
    let mut bench = Bench::new();
    let connect = |member: &str| {
        let mut request = join_with(member, &[("range", &[])]);
        request.protocol_type = "connect".into();
        request
    };
    let member = bench.join_now(&connect("")).member_id;
    bench.send_join(&connect(&member), 9);
    bench.wait(3_000);
    assert_eq!(delete(&mut bench, "t"), (ErrorCode::NON_EMPTY_GROUP, None));
}

#[test]
fn offsets_go_with_their_topic() {
    let mut bench = Bench::new();
    bench.commit("", -1, 5);
    let mut step = Step::default();
    bench.coordinator.topics_deleted(&BTreeSet::from(["t".to_owned()]), &mut step);
    bench.take(step);
    assert_eq!(offset_of(&bench.coordinator, "t"), -1);
    assert_eq!(offset_of(&bench.replayed(), "t"), -1);
}
