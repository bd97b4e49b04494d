//! Nodes, a network between them, and the checks.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use barnabas_quorum::{
    Action, Config, Endpoint, Epoch, Event, FetchBody, FetchResponse, FetchSnapshotResponse,
    Initial, Limits, LogView, NodeId, Peer, Raft, ReplicaKey, Request, RequestId, Response,
    Timeouts, Token, Voter, VoterHistory, VoterSet,
};
use barnabas_wire::{ErrorCode, Uuid};
use bytes::{Bytes, BytesMut};

use crate::disk::{Disk, Entry, decode, encode};

pub struct Faults {
    /// Out of 1000 messages, how many are lost.
    lost: u64,
    /// Out of 1000 milliseconds, how many see a fault begin.
    events: u64,
}

impl Faults {
    pub fn none() -> Self {
        Self { lost: 0, events: 0 }
    }

    pub fn some() -> Self {
        Self { lost: 20, events: 2 }
    }
}

struct Node {
    raft: Option<Raft>,
    disk: Disk,
    flush_at: Option<u64>,
    high_watermark: i64,
    incarnation: u64,
    restart_at: u64,
}

enum Message {
    Request { from: usize, id: RequestId, to: usize, request: Request },
    Response { to: usize, id: RequestId, incarnation: u64, response: Response },
}

pub struct Cluster {
    now: u64,
    random: u64,
    nodes: Vec<Node>,
    /// By time of arrival and order of sending.
    messages: BTreeMap<(u64, u64), Message>,
    sent: u64,
    tokens: BTreeMap<u64, (usize, RequestId, u64, usize)>,
    next_token: u64,
    faults: Faults,
    isolated: BTreeSet<usize>,
    leaders: BTreeMap<Epoch, usize>,
    committed: Vec<Entry>,
    proposals: u64,
    trace: DefaultHasher,
}

impl Cluster {
    pub fn new(count: usize, seed: u64, faults: Faults) -> Self {
        let nodes = (0..count)
            .map(|_| Node {
                raft: None,
                disk: Disk::default(),
                flush_at: None,
                high_watermark: -1,
                incarnation: 0,
                restart_at: 0,
            })
            .collect();
        let mut cluster = Self {
            now: 1,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            nodes,
            messages: BTreeMap::new(),
            sent: 0,
            tokens: BTreeMap::new(),
            next_token: 0,
            faults,
            isolated: BTreeSet::new(),
            leaders: BTreeMap::new(),
            committed: Vec::new(),
            proposals: 0,
            trace: DefaultHasher::new(),
        };
        (0..count).for_each(|n| cluster.start(n));
        cluster
    }

    pub fn leaders(&self) -> usize {
        self.nodes.iter().filter(|n| n.raft.as_ref().is_some_and(|r| r.leading().is_some())).count()
    }

    pub fn leader(&self) -> Option<usize> {
        (0..self.nodes.len())
            .filter(|n| self.raft(*n).is_some_and(|raft| raft.leading().is_some()))
            .max_by_key(|n| self.epoch(*n))
    }

    pub fn epoch(&self, node: usize) -> Epoch {
        self.raft(node).map_or(Epoch(0), Raft::epoch)
    }

    pub fn deadline(&self, node: usize) -> Option<u64> {
        self.raft(node).and_then(|raft| raft.deadline(self.now))
    }

    pub fn committed(&self) -> usize {
        self.committed.len()
    }

    pub fn all_caught_up(&self) -> bool {
        self.nodes.iter().all(|node| node.high_watermark == self.committed.len() as i64)
    }

    pub fn trace(&self) -> u64 {
        self.trace.finish()
    }

    pub fn isolate(&mut self, node: usize) {
        self.isolated.insert(node);
    }

    pub fn heal(&mut self) {
        self.isolated.clear();
    }

    pub fn calm(&mut self) {
        self.heal();
        self.faults = Faults::none();
        for n in 0..self.nodes.len() {
            self.nodes[n].restart_at = self.now;
        }
    }

    pub fn restart(&mut self, n: usize) {
        self.crash(n, 0);
        self.start(n);
    }

    pub fn shut_down(&mut self, n: usize) {
        self.step(n, Event::Shutdown);
    }

    pub fn propose(&mut self) {
        let Some(leader) = self.leader() else { return };
        self.proposals += 1;
        let batch = Bytes::from(format!("proposal {}", self.proposals));
        let epoch = self.epoch(leader);
        self.step(leader, Event::Propose { proposal: self.proposals, epoch, batch });
        if self.nodes.len() == 1 {
            self.run_ms(10);
        }
    }

    pub fn run_ms(&mut self, ms: u64) {
        for _ in 0..ms {
            self.now += 1;
            self.inject();
            for n in 0..self.nodes.len() {
                if self.nodes[n].raft.is_none() && self.nodes[n].restart_at <= self.now {
                    self.start(n);
                }
                if self.nodes[n].flush_at.is_some_and(|at| at <= self.now) {
                    self.flush(n);
                }
                if self.deadline(n).is_some_and(|at| at <= self.now) {
                    self.step(n, Event::Tick);
                }
            }
            while let Some(entry) = self.messages.first_entry() {
                if entry.key().0 > self.now {
                    break;
                }
                let message = entry.remove();
                self.deliver(message);
            }
        }
    }

    fn raft(&self, node: usize) -> Option<&Raft> {
        self.nodes[node].raft.as_ref()
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }

    fn inject(&mut self) {
        if self.faults.events == 0 {
            return;
        }
        if self.below(1000) < 20 {
            self.propose();
        }
        if self.below(1000) >= self.faults.events {
            return;
        }
        let n = self.below(self.nodes.len() as u64) as usize;
        match self.below(5) {
            0 => {
                let pause = self.below(4_000);
                self.crash(n, pause);
            }
            1 => self.isolate(n),
            2 => self.heal(),
            3 => {
                let end = self.nodes[n].high_watermark;
                if self.nodes[n].raft.is_some() && end > self.nodes[n].disk.start {
                    self.nodes[n].disk.snapshot(end);
                }
            }
            _ => {
                if let Some(raft) = self.raft(n) {
                    let epoch = raft.epoch();
                    self.step(n, Event::Resign { epoch });
                }
            }
        }
    }

    fn crash(&mut self, n: usize, pause: u64) {
        let node = &mut self.nodes[n];
        node.raft = None;
        node.disk.crash();
        node.flush_at = None;
        node.high_watermark = -1;
        node.incarnation += 1;
        node.restart_at = self.now + pause;
        self.tokens.retain(|_, (_, _, _, at)| *at != n);
    }

    fn start(&mut self, n: usize) {
        let endpoint = |n: usize| Endpoint {
            listener: "CONTROLLER".into(),
            host: format!("node-{n}"),
            port: 9093,
        };
        let voters = VoterSet::new((0..self.nodes.len()).map(|n| Voter {
            key: ReplicaKey { id: NodeId(n as i32), directory: None },
            endpoints: vec![endpoint(n)],
            ..Voter::default()
        }));
        let config = Config {
            node: NodeId(n as i32),
            directory: Uuid([n as u8 + 1; 16]),
            cluster_id: "cluster".into(),
            listener: "CONTROLLER".into(),
            endpoints: vec![endpoint(n)],
            bootstrap: Vec::new(),
            is_controller: true,
            auto_join: false,
            timeouts: Timeouts::default(),
            limits: Limits { snapshot_chunk_max_bytes: 256, ..Limits::default() },
            seed: self.random,
        };
        let node = &mut self.nodes[n];
        let snapshot = node.disk.latest_snapshot().map(|id| id.offset);
        let initial = Initial {
            election: node.disk.election,
            voters: VoterHistory::new(voters, 0),
            high_watermark: snapshot,
        };
        let (raft, actions) = Raft::start(config, initial, self.now, &node.disk);
        node.raft = Some(raft);
        self.execute(n, actions);
    }

    fn step(&mut self, n: usize, event: Event) {
        let node = &mut self.nodes[n];
        if let Some(raft) = node.raft.as_mut() {
            let actions = raft.step(self.now, &node.disk, event);
            self.execute(n, actions);
        }
    }

    fn flush(&mut self, n: usize) {
        let node = &mut self.nodes[n];
        node.flush_at = None;
        node.disk.flushed = node.disk.end_offset();
        let end_offset = node.disk.flushed;
        self.step(n, Event::Flushed { end_offset });
    }

    fn execute(&mut self, n: usize, actions: Vec<Action>) {
        let mut events = Vec::new();
        for action in actions {
            format!("{} {n} {action:?}", self.now).hash(&mut self.trace);
            // A crash may happen between any two actions.
            if self.faults.events > 0 && self.below(20_000) == 0 {
                return self.crash(n, 100);
            }
            self.execute_one(n, action, &mut events);
        }
        for event in events {
            self.step(n, event);
        }
    }

    fn execute_one(&mut self, n: usize, action: Action, events: &mut Vec<Event>) {
        match action {
            Action::Send { id, to, request, .. } => {
                let Peer::Node(NodeId(to)) = to else { panic!("no bootstrap servers here") };
                self.post(n, to as usize, |from, to| Message::Request { from, id, to, request });
            }
            Action::Respond { token, response } => self.answer(token, response),
            Action::RespondFetch { token, read } => {
                let entries = &self.nodes[n].disk.entries;
                let to = entries.len().min(read.offset as usize + 8);
                let response = FetchResponse {
                    error: ErrorCode::NONE,
                    leadership: read.leadership,
                    high_watermark: read.high_watermark,
                    log_start_offset: read.log_start_offset,
                    body: FetchBody::Records(encode(&entries[read.offset as usize..to])),
                };
                self.answer(token, Response::Fetch(response));
            }
            Action::RespondSnapshot { token, read } => {
                let snapshots = &self.nodes[n].disk.snapshots;
                let (_, bytes) = snapshots.iter().find(|(id, _)| *id == read.id).expect("known");
                let from = read.position as usize;
                let to = bytes.len().min(from + read.max_bytes as usize);
                let response = FetchSnapshotResponse {
                    error: ErrorCode::NONE,
                    leadership: read.leadership,
                    snapshot: read.id,
                    size: read.size,
                    position: read.position,
                    bytes: bytes.slice(from..to),
                };
                self.answer(token, Response::FetchSnapshot(response));
            }
            Action::HighWatermark { offset } => self.check_committed(n, offset),
            Action::LeaderChanged { epoch, leader } => {
                if leader == Some(NodeId(n as i32)) {
                    let first = *self.leaders.entry(epoch).or_insert(n);
                    assert_eq!(first, n, "two leaders in epoch {epoch}");
                }
            }
            Action::ShutdownComplete => {
                let now = self.now;
                self.nodes[n].raft = None;
                self.nodes[n].restart_at = now + 1_000_000;
            }
            Action::Refuse { .. } | Action::LeadershipEstablished { .. } => {}
            Action::Fatal(fault) => panic!("node {n}: {fault}"),
            other => self.change_disk(n, other, events),
        }
    }

    fn change_disk(&mut self, n: usize, action: Action, events: &mut Vec<Event>) {
        match action {
            Action::WriteQuorumState(election) => self.nodes[n].disk.election = election,
            Action::AppendControl { epoch, records } => {
                let entries = records
                    .into_iter()
                    .map(|record| Entry { epoch, data: Bytes::new(), control: Some(record) })
                    .collect();
                self.append(n, entries, events);
            }
            Action::Append { epoch, batch, .. } => {
                self.append(n, vec![Entry { epoch, data: batch, control: None }], events);
            }
            Action::AppendFetched { epoch, records } => {
                let entries = decode(records);
                assert!(entries.iter().all(|entry| entry.epoch <= epoch));
                self.append(n, entries, events);
            }
            Action::Truncate { end_offset } => {
                self.nodes[n].disk.truncate(end_offset);
                events.push(Event::LogChanged { control: Vec::new() });
            }
            Action::Flush => {
                let delay = self.below(5);
                let at = self.now + delay;
                self.nodes[n].flush_at.get_or_insert(at);
            }
            Action::WriteSnapshot { id, position, bytes } => {
                let disk = &mut self.nodes[n].disk;
                if position == 0 {
                    disk.partial = Some((id, BytesMut::new()));
                }
                let (_, partial) = disk.partial.as_mut().expect("a snapshot in progress");
                assert_eq!(partial.len() as u64, position);
                partial.extend_from_slice(&bytes);
            }
            Action::InstallSnapshot { id } => {
                let control = self.nodes[n].disk.install(id);
                events.push(Event::SnapshotInstalled { control });
            }
            other => panic!("not a change of the disk: {other:?}"),
        }
    }

    fn append(&mut self, n: usize, entries: Vec<Entry>, events: &mut Vec<Event>) {
        let disk = &mut self.nodes[n].disk;
        let mut control = Vec::new();
        for entry in entries {
            control.extend(entry.control.clone().map(|record| (disk.end_offset(), record)));
            disk.entries.push(entry);
        }
        events.push(Event::LogChanged { control });
    }

    /// What any node believes to be committed is a prefix of, or extends, what is committed.
    fn check_committed(&mut self, n: usize, offset: i64) {
        let node = &mut self.nodes[n];
        assert!(offset > node.high_watermark, "the high watermark of {n} went back");
        assert!(offset <= node.disk.end_offset());
        node.high_watermark = offset;
        let own = &node.disk.entries[..offset as usize];
        let shared = own.len().min(self.committed.len());
        assert_eq!(own[..shared], self.committed[..shared], "committed records differ");
        self.committed.extend_from_slice(&own[shared..]);
    }

    fn answer(&mut self, token: Token, response: Response) {
        if let Some((to, id, incarnation, from)) = self.tokens.remove(&token.0) {
            self.post(from, to, |_, to| Message::Response { to, id, incarnation, response });
        }
    }

    fn post(&mut self, from: usize, to: usize, make: impl FnOnce(usize, usize) -> Message) {
        let cut = self.isolated.contains(&from) || self.isolated.contains(&to);
        let lost = self.below(1000) < self.faults.lost;
        if cut || lost {
            return;
        }
        let delay = 1 + self.below(5);
        self.sent += 1;
        self.messages.insert((self.now + delay, self.sent), make(from, to));
    }

    fn deliver(&mut self, message: Message) {
        match message {
            Message::Request { from, id, to, request } => {
                self.next_token += 1;
                let incarnation = self.nodes[from].incarnation;
                self.tokens.insert(self.next_token, (from, id, incarnation, to));
                let token = Token(self.next_token);
                self.step(to, Event::Request { token, request });
            }
            Message::Response { to, id, incarnation, response } => {
                if self.nodes[to].incarnation == incarnation {
                    self.step(to, Event::Response { id, response });
                }
            }
        }
    }
}
