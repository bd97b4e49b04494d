//! The rule tables of elections and replication, one receiver at a time.

mod membership;

use barnabas_wire::{ErrorCode, Uuid};
use bytes::Bytes;

use super::*;
use crate::{
    BeginQuorumEpochRequest, ControlRecord, EndQuorumEpochRequest, Endpoint, FetchBody,
    FetchRequest, FetchResponse, FetchSnapshotRequest, Limits, LogPosition, Peer, Request,
    RequestId, Response, Timeouts, Token, VoteRequest, VoteResponse, Voter,
};

/// A log of which only the ends of its epochs matter.
#[derive(Clone, Default)]
struct Log {
    /// Epoch and end offset, ascending.
    epochs: Vec<(i32, i64)>,
    start: i64,
    snapshot: Option<LogPosition>,
}

impl LogView for Log {
    fn end(&self) -> LogPosition {
        let (epoch, offset) = self.epochs.last().copied().unwrap_or_default();
        LogPosition { offset, epoch: Epoch(epoch) }
    }

    fn start_offset(&self) -> i64 {
        self.start
    }

    fn end_for_epoch(&self, epoch: Epoch) -> LogPosition {
        let known = self.epochs.iter().rfind(|(known, _)| *known <= epoch.0);
        let (epoch, offset) = known.copied().unwrap_or((epoch.0, self.start));
        LogPosition { offset, epoch: Epoch(epoch) }
    }

    fn latest_snapshot(&self) -> Option<LogPosition> {
        self.snapshot
    }

    fn earliest_snapshot(&self) -> Option<LogPosition> {
        self.snapshot
    }

    fn snapshot_size(&self, id: LogPosition) -> Option<u64> {
        (self.snapshot == Some(id)).then_some(100)
    }
}

fn key(id: i32) -> ReplicaKey {
    ReplicaKey::new(NodeId(id), Uuid([id as u8; 16]))
}

fn endpoint(id: i32) -> Endpoint {
    Endpoint { listener: "CONTROLLER".into(), host: format!("node-{id}"), port: 9093 }
}

fn voter(id: i32) -> Voter {
    Voter { key: key(id), endpoints: vec![endpoint(id)], kraft_version_max: 1, ..Voter::default() }
}

/// Node 1 of a quorum of nodes 1 to 3, in epoch 5, with a log of 10 records of epoch 4.
struct Fixture {
    raft: Raft,
    log: Log,
    now: u64,
}

impl Fixture {
    fn with(election: Election) -> Self {
        let config = Config {
            node: NodeId(1),
            directory: Uuid([1; 16]),
            cluster_id: "cluster".into(),
            listener: "CONTROLLER".into(),
            endpoints: vec![endpoint(1)],
            bootstrap: Vec::new(),
            is_controller: true,
            auto_join: false,
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            seed: 1,
        };
        let log = Log { epochs: vec![(4, 10)], ..Log::default() };
        let voters = VoterHistory::new(VoterSet::new([voter(1), voter(2), voter(3)]), 1);
        let initial = Initial { election, voters, high_watermark: None };
        let (raft, _) = Raft::start(config, initial, 0, &log);
        Self { raft, log, now: 0 }
    }

    fn unattached() -> Self {
        Self::with(Election { epoch: Epoch(5), leader: None, voted: None })
    }

    fn follower() -> Self {
        Self::with(Election { epoch: Epoch(5), leader: Some(NodeId(2)), voted: None })
    }

    fn candidate() -> Self {
        Self::with(Election { epoch: Epoch(5), leader: None, voted: Some(key(1)) })
    }

    fn leader() -> Self {
        let mut fixture = Self::candidate();
        fixture.raft.epoch = Epoch(5);
        if let Role::Candidate(role) = &mut fixture.raft.role {
            role.votes.record(NodeId(2), true);
        }
        fixture.step(Event::Tick);
        fixture.log.epochs.push((5, 11));
        fixture.step(Event::LogChanged { control: Vec::new() });
        fixture.step(Event::Flushed { end_offset: 11 });
        fixture
    }

    fn step(&mut self, event: Event) -> Vec<Action> {
        self.raft.step(self.now, &self.log, event)
    }

    fn ask(&mut self, request: Request) -> Option<Response> {
        let actions = self.step(Event::Request { token: Token(1), request });
        actions.into_iter().find_map(|action| match action {
            Action::Respond { response, .. } => Some(response),
            _ => None,
        })
    }

    fn vote(&mut self, pre_vote: bool, epoch: i32, last: (i64, i32)) -> VoteResponse {
        let request = VoteRequest {
            cluster_id: None,
            voter: key(1),
            candidate: key(3),
            epoch: Epoch(epoch),
            last: LogPosition { offset: last.0, epoch: Epoch(last.1) },
            pre_vote,
        };
        match self.ask(Request::Vote(request)) {
            Some(Response::Vote(response)) => response,
            other => panic!("no vote: {other:?}"),
        }
    }

    fn fetch(&mut self, from: i32, offset: i64, last_epoch: i32) -> Vec<Action> {
        let request = Request::Fetch(fetch_request(from, 5, offset, last_epoch));
        self.step(Event::Request { token: Token(9), request })
    }

    /// The request id of the Fetch that the follower has in flight.
    fn in_flight(&mut self) -> RequestId {
        self.raft.connections.sent(Peer::Node(NodeId(2)), self.now)
    }

    fn fetched(&mut self, high_watermark: i64, body: FetchBody) -> Vec<Action> {
        let id = self.in_flight();
        let leader = Some(NodeId(2));
        let leadership = Leadership { epoch: Epoch(5), leader, endpoint: Some(endpoint(2)) };
        let response = FetchResponse {
            error: ErrorCode::NONE,
            leadership,
            high_watermark,
            log_start_offset: 0,
            body,
        };
        self.step(Event::Response { id, response: Response::Fetch(response) })
    }
}

fn fetch_request(from: i32, epoch: i32, offset: i64, last_epoch: i32) -> FetchRequest {
    FetchRequest {
        cluster_id: None,
        replica: Some(key(from)),
        epoch: Epoch(epoch),
        fetch_offset: offset,
        last_fetched_epoch: Epoch(last_epoch),
        max_wait_ms: 500,
        max_bytes: 1024,
        high_watermark: None,
    }
}

#[test]
fn the_first_role_follows_from_the_stored_election() {
    assert_eq!(Fixture::unattached().raft.role(), RoleName::Unattached);
    assert_eq!(Fixture::follower().raft.role(), RoleName::Follower);
    assert_eq!(Fixture::candidate().raft.role(), RoleName::Candidate);
    let led = Election { epoch: Epoch(5), leader: Some(NodeId(1)), voted: Some(key(1)) };
    assert_eq!(Fixture::with(led).raft.role(), RoleName::Resigned);
    let old = Fixture::with(Election { epoch: Epoch(3), leader: Some(NodeId(2)), voted: None });
    assert_eq!((old.raft.role(), old.raft.epoch()), (RoleName::Unattached, Epoch(4)));
}

#[test]
fn a_vote_needs_an_up_to_date_log() {
    for (last, granted) in [((10, 4), true), ((11, 4), true), ((1, 5), true), ((9, 4), false)] {
        assert_eq!(Fixture::unattached().vote(false, 6, last).granted, granted, "{last:?}");
        assert_eq!(Fixture::unattached().vote(true, 5, last).granted, granted, "{last:?}");
    }
}

#[test]
fn a_vote_is_stored_before_it_is_told() {
    let mut fixture = Fixture::unattached();
    let request = Request::Vote(VoteRequest {
        cluster_id: None,
        voter: key(1),
        candidate: key(3),
        epoch: Epoch(5),
        last: LogPosition { offset: 10, epoch: Epoch(4) },
        pre_vote: false,
    });
    let actions = fixture.step(Event::Request { token: Token(1), request });
    let stored = Election { epoch: Epoch(5), leader: None, voted: Some(key(3)) };
    assert_eq!(actions[0], Action::WriteQuorumState(stored));
    assert!(matches!(actions[1], Action::Respond { .. }));
}

#[test]
fn one_vote_per_epoch() {
    let voted = Election { epoch: Epoch(5), leader: None, voted: Some(key(2)) };
    assert!(!Fixture::with(voted).vote(false, 5, (10, 4)).granted);
    let voted = Election { voted: Some(key(3)), ..voted };
    assert!(Fixture::with(voted).vote(false, 5, (10, 4)).granted);
    let elsewhere = ReplicaKey::new(NodeId(3), Uuid([9; 16]));
    let voted = Election { voted: Some(elsewhere), ..voted };
    assert!(!Fixture::with(voted).vote(false, 5, (10, 4)).granted);
}

#[test]
fn votes_by_role() {
    assert!(!Fixture::follower().vote(false, 5, (10, 4)).granted);
    assert!(Fixture::follower().vote(true, 5, (10, 4)).granted, "not fetched yet");
    assert!(Fixture::candidate().vote(true, 5, (10, 4)).granted);
    assert!(!Fixture::candidate().vote(false, 5, (10, 4)).granted);
    assert!(!Fixture::leader().vote(true, 5, (20, 5)).granted);
    let mut follower = Fixture::follower();
    follower.fetched(-1, FetchBody::Records(Bytes::new()));
    assert!(!follower.vote(true, 5, (10, 4)).granted, "it has fetched from its leader");
}

#[test]
fn bad_votes_are_refused_in_kafkas_order() {
    let mut fixture = Fixture::unattached();
    assert_eq!(fixture.vote(false, 4, (10, 3)).error, ErrorCode::FENCED_LEADER_EPOCH);
    assert_eq!(fixture.vote(false, 5, (10, 5)).error, ErrorCode::INVALID_REQUEST);
    assert_eq!(fixture.vote(true, 5, (10, 5)).error, ErrorCode::NONE);
    assert_eq!(fixture.vote(false, 5, (-1, 4)).error, ErrorCode::INVALID_REQUEST);
    let request = VoteRequest {
        cluster_id: Some("other".into()),
        voter: key(1),
        candidate: key(3),
        epoch: Epoch(6),
        last: LogPosition::default(),
        pre_vote: false,
    };
    let other = fixture.ask(Request::Vote(request.clone()));
    assert_eq!(other.unwrap().error(), ErrorCode::INCONSISTENT_CLUSTER_ID);
    let request = VoteRequest { cluster_id: None, voter: key(2), ..request };
    let misled = fixture.ask(Request::Vote(request));
    assert_eq!(misled.unwrap().error(), ErrorCode::INVALID_VOTER_KEY);
    assert_eq!(fixture.raft.epoch(), Epoch(6), "the epoch counts even if the key does not");
}

#[test]
fn a_higher_epoch_unseats_everybody() {
    for mut fixture in [Fixture::leader(), Fixture::candidate(), Fixture::follower()] {
        fixture.vote(true, 9, (0, 0));
        assert_eq!((fixture.raft.role(), fixture.raft.epoch()), (RoleName::Unattached, Epoch(9)));
    }
}

#[test]
fn a_new_leader_is_followed_and_a_second_one_is_fatal() {
    let begin = |leader| {
        Request::BeginQuorumEpoch(BeginQuorumEpochRequest {
            cluster_id: None,
            voter: Some(key(1)),
            leader: NodeId(leader),
            epoch: Epoch(5),
            endpoints: vec![endpoint(leader)],
        })
    };
    let mut fixture = Fixture::unattached();
    fixture.ask(begin(2));
    assert_eq!(fixture.raft.leader(), Some(NodeId(2)));
    let actions = fixture.step(Event::Request { token: Token(1), request: begin(3) });
    assert!(actions.iter().any(|action| matches!(action, Action::Fatal(_))));
}

#[test]
fn successors_wait_by_their_place() {
    let timeout_of = |successors: Vec<ReplicaKey>| {
        let mut fixture = Fixture::follower();
        fixture.ask(Request::EndQuorumEpoch(EndQuorumEpochRequest {
            cluster_id: None,
            leader: NodeId(2),
            epoch: Epoch(5),
            successors,
            endpoints: Vec::new(),
        }));
        match &fixture.raft.role {
            Role::Follower(role) => Some(role.fetch_timeout_at_ms),
            _ => None,
        }
    };
    assert_eq!(timeout_of(vec![key(1), key(3)]), None, "the first stands at once");
    assert_eq!(timeout_of(vec![key(3), key(1)]), Some(500));
    assert_eq!(timeout_of(vec![key(3)]), Some(1000));
}

#[test]
fn only_a_majority_commits_and_only_with_a_record_of_the_epoch() {
    let mut fixture = Fixture::leader();
    assert_eq!(fixture.raft.high_watermark(), None);
    fixture.fetch(2, 10, 4);
    assert_eq!(fixture.raft.high_watermark(), None, "records of older epochs alone");
    let actions = fixture.fetch(2, 11, 5);
    assert!(actions.contains(&Action::HighWatermark { offset: 11 }));
    assert!(actions.contains(&Action::LeadershipEstablished { epoch: Epoch(5) }));
}

#[test]
fn what_is_not_flushed_is_not_committed() {
    let mut fixture = Fixture::leader();
    fixture.fetch(2, 11, 5);
    fixture.log.epochs[1] = (5, 12);
    fixture.step(Event::LogChanged { control: Vec::new() });
    fixture.fetch(2, 12, 5);
    assert_eq!(fixture.raft.high_watermark(), Some(11));
    fixture.step(Event::Flushed { end_offset: 12 });
    assert_eq!(fixture.raft.high_watermark(), Some(12));
}

#[test]
fn a_leader_answers_records_divergence_or_a_snapshot() {
    let body_of = |fixture: &mut Fixture, offset, epoch| {
        fixture.fetch(2, offset, epoch).into_iter().find_map(|action| match action {
            Action::Respond { response: Response::Fetch(response), .. } => Some(response.body),
            _ => None,
        })
    };
    let mut fixture = Fixture::leader();
    assert!(matches!(fixture.fetch(2, 10, 4)[..], [.., Action::RespondFetch { .. }]));
    let end = LogPosition { offset: 10, epoch: Epoch(4) };
    assert_eq!(body_of(&mut fixture, 12, 4), Some(FetchBody::Diverging(end)));
    let snapshot = LogPosition { offset: 8, epoch: Epoch(4) };
    fixture.log.start = 8;
    fixture.log.snapshot = Some(snapshot);
    for (offset, epoch) in [(0, 0), (7, 4), (8, 3), (9, 3)] {
        assert_eq!(body_of(&mut fixture, offset, epoch), Some(FetchBody::Snapshot(snapshot)));
    }
    assert!(matches!(fixture.fetch(2, 8, 4)[..], [.., Action::RespondFetch { .. }]));
}

#[test]
fn a_fetch_with_nothing_to_say_waits_until_it_expires_or_leadership_ends() {
    let mut fixture = Fixture::leader();
    fixture.fetch(2, 11, 5);
    assert!(fixture.fetch(3, 11, 5).is_empty());
    fixture.now = 600;
    let actions = fixture.step(Event::Tick);
    let answered = actions.iter().filter(|a| matches!(a, Action::RespondFetch { .. })).count();
    assert_eq!(answered, 2);
    fixture.fetch(2, 11, 5);
    let refused = fixture.step(Event::Resign { epoch: Epoch(5) }).into_iter().any(|action| {
        matches!(action, Action::Respond { response, .. }
            if response.error() == ErrorCode::NOT_LEADER_OR_FOLLOWER)
    });
    assert!(refused);
}

#[test]
fn a_follower_truncates_to_where_the_logs_part_but_never_below_what_is_committed() {
    let mut fixture = Fixture::follower();
    let diverging = FetchBody::Diverging(LogPosition { offset: 7, epoch: Epoch(4) });
    let actions = fixture.fetched(-1, diverging.clone());
    assert!(actions.contains(&Action::Truncate { end_offset: 7 }));
    let mut fixture = Fixture::follower();
    fixture.fetched(8, FetchBody::Records(Bytes::new()));
    assert_eq!(fixture.raft.high_watermark(), Some(8));
    let actions = fixture.fetched(8, diverging);
    assert!(actions.iter().any(|action| matches!(action, Action::Fatal(_))));
}

#[test]
fn a_voter_fetches_again_only_when_what_it_has_is_durable() {
    let sends = |actions: &[Action]| actions.iter().any(|a| matches!(a, Action::Send { .. }));
    let mut fixture = Fixture::follower();
    let actions = fixture.fetched(-1, FetchBody::Records(Bytes::from_static(b"batch")));
    assert!(actions.contains(&Action::Flush) && !sends(&actions));
    fixture.log.epochs = vec![(4, 12)];
    let actions = fixture.step(Event::LogChanged { control: Vec::new() });
    assert!(!sends(&actions));
    assert!(sends(&fixture.step(Event::Flushed { end_offset: 12 })));
}

#[test]
fn snapshot_requests_are_checked() {
    let mut fixture = Fixture::leader();
    let snapshot = LogPosition { offset: 8, epoch: Epoch(4) };
    fixture.log.snapshot = Some(snapshot);
    let mut error = |id, position| {
        let request = FetchSnapshotRequest {
            cluster_id: None,
            replica: Some(key(2)),
            epoch: Epoch(5),
            snapshot: id,
            position,
            max_bytes: 10,
        };
        fixture.ask(Request::FetchSnapshot(request)).map(|response| response.error())
    };
    assert_eq!(error(snapshot, 0), None);
    assert_eq!(error(snapshot, 100), Some(ErrorCode::POSITION_OUT_OF_RANGE));
    assert_eq!(error(snapshot, -1), Some(ErrorCode::POSITION_OUT_OF_RANGE));
    assert_eq!(error(LogPosition::BOOTSTRAP, 0), Some(ErrorCode::SNAPSHOT_NOT_FOUND));
}

#[test]
fn the_newest_voters_count_until_they_are_truncated() {
    let mut fixture = Fixture::follower();
    let more = fixture.raft.voters().clone().with(voter(4));
    fixture.log.epochs = vec![(4, 11)];
    fixture.step(Event::LogChanged { control: vec![(10, ControlRecord::Voters(more))] });
    fixture.step(Event::Flushed { end_offset: 11 });
    assert_eq!(fixture.raft.voters().len(), 4);
    let end = LogPosition { offset: 10, epoch: Epoch(4) };
    fixture.fetched(-1, FetchBody::Diverging(end));
    assert_eq!(fixture.raft.voters().len(), 3);
}

#[test]
fn a_leader_without_a_majority_steps_down() {
    let mut fixture = Fixture::leader();
    fixture.now = 2_999;
    fixture.fetch(2, 11, 5);
    fixture.now = 5_998;
    fixture.step(Event::Tick);
    assert_eq!(fixture.raft.role(), RoleName::Leader);
    fixture.now = 5_999;
    fixture.step(Event::Tick);
    assert_eq!(fixture.raft.role(), RoleName::Resigned);
}

#[test]
fn lags_are_described_by_the_leader_alone() {
    let mut fixture = Fixture::leader();
    fixture.now = 100;
    fixture.fetch(2, 11, 5);
    fixture.fetch(7, 10, 4);
    let view = fixture.raft.describe(100, &fixture.log).unwrap();
    let ends: Vec<_> = view.voters.iter().map(|voter| voter.end_offset).collect();
    assert_eq!(ends, [Some(11), Some(11), None]);
    assert_eq!(view.observers[0].key, key(7));
    assert!(Fixture::follower().raft.describe(0, &fixture.log).is_none());
}

#[test]
fn a_sole_voter_that_led_is_stored_in_no_state_from_which_it_leads_that_epoch_again() {
    let election = Election { epoch: Epoch(5), leader: Some(NodeId(1)), voted: Some(key(1)) };
    let fixture = Fixture::with(election);
    let voters = VoterHistory::new(VoterSet::new([voter(1)]), 1);
    let initial = Initial { election, voters, high_watermark: None };
    let (raft, actions) = Raft::start(fixture.raft.config.clone(), initial, 0, &fixture.log);
    let stored: Vec<_> = actions
        .iter()
        .filter_map(|action| match action {
            Action::WriteQuorumState(election) => Some((election.epoch, election.leader)),
            _ => None,
        })
        .collect();
    assert_eq!(stored, [(Epoch(6), None), (Epoch(6), Some(NodeId(1)))]);
    assert_eq!(raft.leading(), Some(Epoch(6)));
}
