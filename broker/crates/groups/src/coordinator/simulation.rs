//! Members that join, leave, crash and come back in an order that a seed decides.
//!
//! Checked after every event: a member that is given an assignment got it from the leader of the
//! generation that it joined; nobody is answered twice or forgotten; and a coordinator built from
//! the log alone has the same groups and offsets.

use std::collections::{BTreeMap, BTreeSet};

use barnabas_wire::ErrorCode;
use barnabas_wire::api::join_group::JoinGroupResponse;
use proptest::prelude::*;

use crate::Ticket;
use crate::bench::{Bench, GROUP, join, join_static, sync};

const CLIENTS: usize = 5;
/// How long a correct coordinator may take to bring any set of live members to rest: sessions end,
/// the rebalance times out twice, and the first delay is the longest.
const REST_MS: i64 = 400_000;

#[derive(Clone, Copy, Debug)]
enum Event {
    Run(usize),
    Leave(usize),
    Crash(usize),
    Commit(usize),
    Pass(i64),
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (0..CLIENTS).prop_map(Event::Run),
        1 => (0..CLIENTS).prop_map(Event::Leave),
        1 => (0..CLIENTS).prop_map(Event::Crash),
        2 => (0..CLIENTS).prop_map(Event::Commit),
        4 => (1..4_000_i64).prop_map(Event::Pass),
        1 => Just(Event::Restart),
    ]
}

#[derive(Debug, Default)]
struct Member {
    id: String,
    instance: Option<String>,
    generation: i32,
    waiting: Waiting,
    stable: bool,
}

#[derive(Debug, Default)]
enum Waiting {
    #[default]
    Nothing,
    Join(Ticket),
    Sync(Ticket),
}

struct World {
    bench: Bench,
    members: Vec<Member>,
    /// Whom the leader of each generation gave something. A generation that was not settled before
    /// the coordinator moved is counted anew, so it may have had two leaders.
    assigned: BTreeMap<i32, BTreeSet<String>>,
}

impl World {
    fn new() -> Self {
        let member = |index: usize| Member {
            // Two of the five are static.
            instance: (index < 2).then(|| format!("i{index}")),
            ..Member::default()
        };
        let members = (0..CLIENTS).map(member).collect();
        Self { bench: Bench::new(), members, assigned: BTreeMap::new() }
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Run(index) => self.run(index),
            Event::Leave(index) => {
                let id = self.members[index].id.clone();
                if !id.is_empty() {
                    self.bench.leave(&[(&id, None)]);
                    self.run(index);
                    self.forget(index);
                }
            }
            Event::Crash(index) => self.forget(index),
            Event::Commit(index) => {
                let Member { id, generation, .. } = &self.members[index];
                let (id, generation) = (id.clone(), *generation);
                self.bench.commit(&id, generation, i64::from(generation));
            }
            Event::Pass(ms) => self.bench.wait(ms),
            Event::Restart => self.restart(),
        }
    }

    /// The client looks for an answer, then does what a consumer does next.
    fn run(&mut self, index: usize) {
        match std::mem::take(&mut self.members[index].waiting) {
            Waiting::Nothing => self.heartbeat_or_join(index),
            Waiting::Join(ticket) => match self.bench.joined(ticket) {
                None => self.members[index].waiting = Waiting::Join(ticket),
                Some(response) => self.joined(index, &response),
            },
            Waiting::Sync(ticket) => match self.bench.synced(ticket) {
                None => self.members[index].waiting = Waiting::Sync(ticket),
                Some(response) if response.error_code == ErrorCode::NONE => {
                    self.assigned(index, &response.assignment);
                }
                Some(response) => self.refused(index, response.error_code),
            },
        }
    }

    fn heartbeat_or_join(&mut self, index: usize) {
        let Member { id, generation, stable, .. } = &self.members[index];
        if *stable {
            let error = self.bench.heartbeat(&id.clone(), *generation);
            if error != ErrorCode::NONE {
                self.refused(index, error);
            }
            return;
        }
        let request = match &self.members[index].instance {
            Some(instance) => join_static(id, instance),
            None => join(id),
        };
        let ticket = self.bench.send_join(&request, 9);
        self.members[index].waiting = Waiting::Join(ticket);
    }

    fn joined(&mut self, index: usize, response: &JoinGroupResponse) {
        match response.error_code {
            ErrorCode::NONE => {}
            ErrorCode::MEMBER_ID_REQUIRED => {
                self.members[index].id.clone_from(&response.member_id);
                return;
            }
            error => return self.refused(index, error),
        }
        let member = &mut self.members[index];
        member.id.clone_from(&response.member_id);
        member.generation = response.generation_id;
        let mut assigned = Vec::new();
        if response.leader == member.id && !response.skip_assignment {
            assigned = response.members.iter().map(|m| m.member_id.clone()).collect();
            self.assigned.entry(member.generation).or_default().extend(assigned.clone());
        }
        let request = sync(&member.id, member.generation, &assigned);
        let ticket = self.bench.send_sync(&request);
        self.members[index].waiting = Waiting::Sync(ticket);
    }

    /// The assignment is the one that the leader of this very generation made, for this member or,
    /// if static, for its earlier incarnation.
    fn assigned(&mut self, index: usize, assignment: &[u8]) {
        let member = &mut self.members[index];
        member.stable = true;
        let text = String::from_utf8(assignment.to_vec()).unwrap();
        let (generation, owner) = text.split_once(':').expect("an assignment of the leader");
        assert_eq!(generation, member.generation.to_string(), "generations are mixed");
        match &member.instance {
            Some(instance) => assert!(owner.starts_with(instance.as_str())),
            None => assert_eq!(owner, member.id),
        }
        assert!(self.assigned[&member.generation].contains(owner));
    }

    fn refused(&mut self, index: usize, error: ErrorCode) {
        let member = &mut self.members[index];
        member.stable = false;
        match error {
            ErrorCode::REBALANCE_IN_PROGRESS
            | ErrorCode::ILLEGAL_GENERATION
            | ErrorCode::NOT_COORDINATOR => {}
            ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::FENCED_INSTANCE_ID => member.id.clear(),
            other => panic!("a consumer cannot go on after {other:?}"),
        }
    }

    fn forget(&mut self, index: usize) {
        let instance = self.members[index].instance.take();
        self.members[index] = Member { instance, ..Member::default() };
    }

    /// The coordinator moves: whoever waited is told, the next one starts from the log.
    fn restart(&mut self) {
        let next = self.bench.replayed();
        let before = std::mem::replace(&mut self.bench.coordinator, next);
        let step = before.unload();
        assert!(step.records.is_empty());
        self.bench.take(step);
        let mut step = crate::Step::default();
        let now_ms = self.bench.now_ms;
        self.bench.coordinator.loaded(now_ms, &mut step);
        self.bench.take(step);
    }

    fn check_log(&self) {
        let replayed = self.bench.replayed();
        let live = &self.bench.coordinator;
        assert_eq!(replayed.fetch_all_offsets(GROUP), live.fetch_all_offsets(GROUP));
        let state = self.bench.state();
        if state == "Stable" || state == "Empty" {
            let mut expected = live.describe_group(GROUP, 5);
            let replayed = replayed.describe_group(GROUP, 5);
            if replayed.group_state == "Dead" {
                // A group without offsets and members that was never stable.
                expected.group_state = "Dead".into();
            }
            if expected.members.is_empty() && replayed.protocol_type.is_empty() {
                expected.protocol_type.clear();
            }
            assert_eq!(replayed, expected);
        }
    }

    /// Left alone, all clients end in one generation with everybody in it.
    fn settle(&mut self) {
        let end = self.bench.now_ms + REST_MS;
        while self.bench.now_ms < end {
            for index in 0..CLIENTS {
                self.run(index);
            }
            self.bench.wait(1_000);
        }
        let generations: Vec<_> = self.members.iter().map(|m| (m.stable, m.generation)).collect();
        assert!(
            generations.iter().all(|now| *now == (true, generations[0].1)),
            "not at rest: {generations:?}"
        );
        let described = self.bench.coordinator.describe_group(GROUP, 5);
        assert_eq!((described.group_state.as_str(), described.members.len()), ("Stable", CLIENTS));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn members_come_to_rest_whatever_happened(events in prop::collection::vec(event(), 1..120)) {
        let mut world = World::new();
        for event in events {
            world.apply(event);
            world.check_log();
        }
        world.settle();
        world.check_log();
    }
}
