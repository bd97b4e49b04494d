//! Voters that come and go, and leaders that are gone.

use barnabas_wire::Uuid;

use super::super::membership::REJOIN_MS;
use super::*;
use crate::{AddVoterRequest, RemoveVoterRequest, RequestId};

/// A leader whose voters are in the log and committed.
fn leader() -> Fixture {
    let mut fixture = Fixture::leader();
    let voters = fixture.raft.voters().clone();
    fixture.step(Event::LogChanged { control: vec![(10, ControlRecord::Voters(voters))] });
    fetch(&mut fixture, 2, 11);
    assert_eq!(fixture.raft.high_watermark(), Some(11));
    fixture
}

fn fetch(fixture: &mut Fixture, id: i32, offset: i64) -> Vec<Action> {
    let request = FetchRequest {
        cluster_id: None,
        replica: Some(key(id)),
        epoch: Epoch(5),
        fetch_offset: offset,
        last_fetched_epoch: Epoch(5),
        max_wait_ms: 0,
        max_bytes: 1000,
        high_watermark: None,
    };
    fixture.step(Event::Request { token: Token(9), request: Request::Fetch(request) })
}

fn add(id: i32) -> Request {
    Request::AddVoter(AddVoterRequest {
        cluster_id: Some("cluster".into()),
        timeout_ms: 1_000,
        voter: voter(id),
        ack_when_committed: true,
    })
}

fn error(response: Option<Response>) -> Option<ErrorCode> {
    match response? {
        Response::AddVoter(response) | Response::RemoveVoter(response) => Some(response.error),
        other => panic!("{other:?}"),
    }
}

/// Puts the appended voters into the log, as the driver does.
fn append(fixture: &mut Fixture, actions: &[Action]) -> Vec<Action> {
    let records = actions.iter().find_map(|action| match action {
        Action::AppendControl { records, .. } => Some(records.clone()),
        _ => None,
    });
    let records = records.expect("the voters are appended");
    fixture.log.epochs.pop();
    fixture.log.epochs.push((5, 12));
    let control = records.into_iter().map(|record| (11, record)).collect();
    let mut actions = fixture.step(Event::LogChanged { control });
    actions.extend(fixture.step(Event::Flushed { end_offset: 12 }));
    actions
}

#[test]
fn a_voter_is_added_when_it_has_caught_up_and_a_majority_has_the_news() {
    let mut fixture = leader();
    assert_eq!(error(fixture.ask(add(3))), Some(ErrorCode::DUPLICATE_VOTER));
    assert_eq!(error(fixture.ask(add(4))), Some(ErrorCode::REQUEST_TIMED_OUT), "not caught up");
    fetch(&mut fixture, 4, 11);
    let actions = fixture.step(Event::Request { token: Token(7), request: add(4) });
    let appended = append(&mut fixture, &actions);
    assert!(fixture.raft.voters().by_id(NodeId(4)).is_some(), "in force before it is committed");
    assert!(!appended.iter().any(|action| matches!(action, Action::Respond { .. })));
    assert_eq!(error(fixture.ask(add(5))), Some(ErrorCode::REQUEST_TIMED_OUT), "one at a time");
    fetch(&mut fixture, 2, 12);
    // Two of four are no majority any more.
    assert_eq!(fixture.raft.high_watermark(), Some(11));
    let actions = fetch(&mut fixture, 4, 12);
    let answer = actions.into_iter().find_map(|action| match action {
        Action::Respond { token: Token(7), response } => Some(response),
        _ => None,
    });
    assert_eq!(error(answer), Some(ErrorCode::NONE));
}

#[test]
fn a_leader_that_is_removed_answers_and_then_resigns() {
    let mut fixture = leader();
    let remove = |key| Request::RemoveVoter(RemoveVoterRequest { cluster_id: None, key });
    let stranger = ReplicaKey::new(NodeId(2), Uuid([99; 16]));
    assert_eq!(error(fixture.ask(remove(stranger))), Some(ErrorCode::VOTER_NOT_FOUND));
    let actions = fixture.step(Event::Request { token: Token(7), request: remove(key(1)) });
    append(&mut fixture, &actions);
    fetch(&mut fixture, 2, 12);
    assert_eq!(fixture.raft.role(), RoleName::Leader);
    let actions = fetch(&mut fixture, 3, 12);
    let answer = actions.into_iter().find_map(|action| match action {
        Action::Respond { token: Token(7), response } => Some(response),
        _ => None,
    });
    assert_eq!(error(answer), Some(ErrorCode::NONE));
    assert_eq!(fixture.raft.role(), RoleName::Resigned);
}

#[test]
fn a_controller_that_was_removed_does_not_come_back_at_once() {
    let mut fixture = Fixture::follower();
    fixture.raft.config.auto_join = true;
    fixture.log.epochs.push((5, 11));
    let others = VoterSet::new([voter(2), voter(3)]);
    fixture.step(Event::LogChanged { control: vec![(10, ControlRecord::Voters(others))] });
    fixture.step(Event::Flushed { end_offset: 11 });
    let mut joins_at = |now: u64| {
        fixture.now = now;
        fixture.raft.connections.reset();
        let sent = fixture.step(Event::Tick);
        sent.iter()
            .any(|action| matches!(action, Action::Send { request: Request::AddVoter(_), .. }))
    };
    assert!(!joins_at(5_000));
    assert!(!joins_at(REJOIN_MS - 1));
    assert!(joins_at(REJOIN_MS + 5_000));
}

/// The request in flight to the leader.
fn request_to_leader(fixture: &mut Fixture) -> RequestId {
    let actions = fixture.step(Event::Tick);
    let sent = actions.into_iter().find_map(|action| match action {
        Action::Send { id, to: Peer::Node(NodeId(2)), .. } => Some(id),
        _ => None,
    });
    sent.expect("a Fetch is sent")
}

#[test]
fn a_leader_whose_process_ended_is_replaced_long_before_the_fetch_timeout() {
    let mut fixture = Fixture::follower();
    fixture.now = 100;
    fixture.raft.connections.reset();
    let id = request_to_leader(&mut fixture);
    fixture.step(Event::Refused { id });
    assert_eq!(fixture.raft.role(), RoleName::Follower);
    assert!(fixture.vote(true, 5, (10, 4)).granted, "it helps others, too");
    fixture.now += 200;
    fixture.step(Event::Tick);
    assert_eq!(fixture.raft.role(), RoleName::Prospective);
}

#[test]
fn a_connection_that_broke_is_no_reason_for_an_election() {
    let mut fixture = Fixture::follower();
    fixture.now = 100;
    fixture.raft.connections.reset();
    let id = request_to_leader(&mut fixture);
    fixture.step(Event::Unreachable { id });
    fixture.now += 500;
    fixture.step(Event::Tick);
    assert_eq!(fixture.raft.role(), RoleName::Follower);
}
