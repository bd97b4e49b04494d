//! From role to role (A1).

use std::collections::BTreeSet;

use barnabas_wire::ErrorCode;

use super::Raft;
use crate::progress::Progress;
use crate::role::{Candidate, Follower, Leader, Prospective, Resigned, Role, Unattached, Votes};
use crate::{
    Action, ControlRecord, Election, Endpoint, Epoch, Fault, LeaderChange, LogView, NodeId,
    ReplicaKey,
};

impl Raft {
    /// The role after a start. A node that led never leads again in that epoch, because what it
    /// appended there and did not flush may be gone.
    pub(super) fn take_first_role(&mut self, now_ms: u64, log: &impl LogView, stored: Election) {
        let log_epoch = log.end().epoch;
        if log_epoch > stored.epoch {
            self.become_unattached(now_ms, log_epoch, None);
        } else if stored.leader == Some(self.config.node) {
            let election_at_ms = now_ms + self.election_timeout();
            let unacknowledged = self.other_voters();
            self.role =
                Role::Resigned(Resigned { election_at_ms, unacknowledged, successors: Vec::new() });
        } else if stored.voted == Some(self.key()) && stored.leader.is_none() {
            let election_at_ms = now_ms + self.election_timeout();
            let votes = Votes::new(self.history.voters(), &self.key());
            self.role = Role::Candidate(Candidate { votes, election_at_ms });
        } else {
            let endpoint = stored.leader.and_then(|leader| self.voter_endpoint(leader));
            match (stored.leader, endpoint) {
                (Some(leader), Some(endpoint)) => {
                    self.become_follower(now_ms, stored.epoch, leader, endpoint);
                }
                (leader, _) => {
                    let election_at_ms = self.observer_or(now_ms);
                    let voted = stored.voted;
                    self.role = Role::Unattached(Unattached { leader, voted, election_at_ms });
                }
            }
        }
        if self.history.voters().is_only(&self.key()) && self.is_voter() {
            self.become_prospective(now_ms);
        }
    }

    /// Moves to what a peer says about the epoch and its leader. Does nothing for an older epoch.
    pub(super) fn learn(
        &mut self,
        now_ms: u64,
        epoch: Epoch,
        leader: Option<NodeId>,
        endpoint: Option<Endpoint>,
    ) {
        if epoch < self.epoch {
            return;
        }
        let leader = leader.filter(|leader| epoch == self.epoch || *leader != self.config.node);
        let endpoint = endpoint.or_else(|| leader.and_then(|leader| self.voter_endpoint(leader)));
        if epoch > self.epoch {
            match (leader, endpoint) {
                (Some(leader), Some(endpoint)) => {
                    self.become_follower(now_ms, epoch, leader, endpoint);
                }
                _ => self.become_unattached(now_ms, epoch, leader),
            }
            return;
        }
        let Some(leader) = leader else { return };
        if let Some(known) = self.leader()
            && known != leader
        {
            let epoch = self.epoch;
            return self.fail(Fault::TwoLeaders { epoch, known, claimed: leader });
        }
        match (&mut self.role, endpoint) {
            (Role::Leader(_) | Role::Resigned(_), _) => {}
            (Role::Follower(role), Some(endpoint)) => role.endpoint = endpoint,
            (Role::Prospective(role), Some(endpoint))
                if role.leader_id == Some(leader) && leader != self.config.node =>
            {
                role.leader = Some((leader, endpoint));
            }
            (_, Some(endpoint)) if leader != self.config.node => {
                self.become_follower(now_ms, epoch, leader, endpoint);
            }
            (Role::Unattached(role), None) => {
                role.leader = Some(leader);
                self.persist();
            }
            _ => {}
        }
    }

    /// Unattached keeps the timer of an election that is still open, so that a node which sees
    /// ever new epochs gets its turn.
    pub(super) fn become_unattached(&mut self, now_ms: u64, epoch: Epoch, leader: Option<NodeId>) {
        let inherited = match &self.role {
            Role::Unattached(role) => Some(role.election_at_ms),
            Role::Candidate(role) => Some(role.election_at_ms),
            Role::Resigned(role) => Some(role.election_at_ms),
            Role::Prospective(role) if !role.votes.is_lost() => Some(role.election_at_ms),
            _ => None,
        };
        let election_at_ms = match inherited {
            Some(at) if self.is_voter() && at != u64::MAX => at,
            _ => self.observer_or(now_ms),
        };
        let voted = (epoch == self.epoch).then(|| self.voted()).flatten();
        self.enter(epoch, Role::Unattached(Unattached { leader, voted, election_at_ms }));
    }

    pub(super) fn become_prospective(&mut self, now_ms: u64) {
        let leader = match &self.role {
            Role::Follower(role) => Some((role.leader, role.endpoint.clone())),
            _ => None,
        };
        // A sole voter comes here from Resigned: that it led stays stored, so that a crash before
        // its candidacy is durable cannot make it lead the old epoch again.
        let leader_id = self.leader();
        let election_at_ms = now_ms + self.election_timeout();
        let votes = Votes::new(self.history.voters(), &self.key());
        let won = votes.is_won();
        let voted = self.voted();
        let role = Prospective { leader, leader_id, voted, votes, election_at_ms };
        self.enter(self.epoch, Role::Prospective(role));
        if won {
            self.become_candidate(now_ms);
        }
    }

    pub(super) fn become_candidate(&mut self, now_ms: u64) {
        let election_at_ms = now_ms + self.election_timeout();
        let votes = Votes::new(self.history.voters(), &self.key());
        self.enter(self.epoch.next(), Role::Candidate(Candidate { votes, election_at_ms }));
    }

    pub(super) fn become_leader(&mut self, now_ms: u64, log: &impl LogView) {
        let Role::Candidate(candidate) = &self.role else { return };
        let granting: Vec<NodeId> = candidate.votes.granting().map(|key| key.id).collect();
        let change = LeaderChange {
            leader: self.config.node,
            voters: self.history.voters().iter().map(|voter| voter.key.id).collect(),
            granting,
        };
        let mut records = vec![ControlRecord::LeaderChange(change)];
        records.extend(self.voters_for_epoch_start());
        let role = Leader {
            epoch_start_offset: log.end().offset,
            established: false,
            progress: Progress::default(),
            parked: Vec::new(),
            check_quorum_at_ms: now_ms + self.check_quorum_ms(),
            heard: BTreeSet::new(),
            begin_at_ms: self.other_voters().into_iter().map(|id| (id, now_ms)).collect(),
            voters_appended: false,
            change: None,
        };
        self.enter(self.epoch, Role::Leader(role));
        self.out.push(Action::AppendControl { epoch: self.epoch, records });
        self.out.push(Action::Flush);
    }

    /// The bootstrap snapshot is not replicated, so the first leader copies its voters into the
    /// log; and a leader whose endpoints changed says so.
    fn voters_for_epoch_start(&self) -> Vec<ControlRecord> {
        let version = self.history.kraft_version();
        if version < 1 {
            return Vec::new();
        }
        let mut voters = self.history.voters().clone();
        let own = voters.by_id(self.config.node).cloned();
        let moved = own.filter(|voter| {
            !self.config.endpoints.is_empty() && voter.endpoints != self.config.endpoints
        });
        if moved.is_none() && self.history.voters_offset().is_some() {
            return Vec::new();
        }
        if let Some(mut voter) = moved {
            voter.endpoints = self.config.endpoints.clone();
            voters = voters.with(voter);
        }
        vec![ControlRecord::KraftVersion(version), ControlRecord::Voters(voters)]
    }

    pub(super) fn become_resigned(&mut self, now_ms: u64) {
        let Role::Leader(leader) = &self.role else { return };
        let successors = leader.progress.successors(self.history.voters(), self.config.node);
        let election_at_ms = now_ms + self.election_timeout();
        let unacknowledged = self.other_voters();
        let role = Resigned { election_at_ms, unacknowledged, successors };
        self.enter(self.epoch, Role::Resigned(role));
    }

    pub(super) fn become_follower(
        &mut self,
        now_ms: u64,
        epoch: Epoch,
        leader: NodeId,
        endpoint: Endpoint,
    ) {
        let voted = (epoch == self.epoch).then(|| self.voted()).flatten();
        let role = Follower {
            leader,
            endpoint,
            voted,
            fetch_timeout_at_ms: now_ms + self.config.timeouts.fetch_ms,
            has_fetched: false,
            snapshot: None,
            membership_at_ms: now_ms + self.config.timeouts.fetch_ms,
            log_busy: false,
        };
        self.enter(epoch, Role::Follower(role));
    }

    /// Whom this node voted for in the current epoch.
    pub(super) fn voted(&self) -> Option<ReplicaKey> {
        match &self.role {
            Role::Unattached(role) => role.voted,
            Role::Prospective(role) => role.voted,
            Role::Follower(role) => role.voted,
            Role::Candidate(_) | Role::Leader(_) | Role::Resigned(_) => self.durable.voted,
        }
    }

    /// Stores what must survive before anything else of this step is done.
    pub(super) fn persist(&mut self) {
        let voted = match &self.role {
            Role::Candidate(_) => Some(self.key()),
            _ => self.voted(),
        };
        let leader = self.leader();
        let election = Election { epoch: self.epoch, leader, voted };
        if election != self.durable {
            self.durable = election;
            self.out.push(Action::WriteQuorumState(election));
        }
    }

    pub(super) fn other_voters(&self) -> BTreeSet<NodeId> {
        let own = self.config.node;
        self.history.voters().iter().map(|voter| voter.key.id).filter(|id| *id != own).collect()
    }

    pub(super) fn voter_endpoint(&self, id: NodeId) -> Option<Endpoint> {
        self.history.voters().by_id(id)?.endpoint(&self.config.listener).cloned()
    }

    pub(super) fn check_quorum_ms(&self) -> u64 {
        self.config.timeouts.fetch_ms + self.config.timeouts.fetch_ms / 2
    }

    /// A new election time for a voter; never for an observer.
    fn observer_or(&mut self, now_ms: u64) -> u64 {
        if self.is_voter() { now_ms + self.election_timeout() } else { u64::MAX }
    }

    fn enter(&mut self, epoch: Epoch, role: Role) {
        let before = (self.epoch, self.leader());
        let left = std::mem::replace(&mut self.role, role);
        if epoch != self.epoch {
            self.durable.voted = None;
        }
        self.epoch = epoch;
        self.leader_high_watermark = None;
        self.connections.reset();
        self.persist();
        if let Role::Leader(leader) = left {
            self.fail_parked(leader.parked);
            if let Some(change) = leader.change {
                self.answer_change(change, ErrorCode::NOT_LEADER_OR_FOLLOWER);
            }
        }
        if (self.epoch, self.leader()) != before {
            let leader = self.leader();
            self.out.push(Action::LeaderChanged { epoch: self.epoch, leader });
        }
    }
}
