//! What time alone changes, and when to look again.

use super::Raft;
use crate::connection::Peer;
use crate::role::Role;
use crate::{Action, Endpoint, LogView, NodeId, Request};

/// Roles entered within one poll at most: Unattached, Prospective, Candidate, Leader and back.
const TRANSITIONS_MAX: usize = 6;

impl Raft {
    pub(super) fn poll(&mut self, now_ms: u64, log: &impl LogView) {
        // Before a leader that was removed resigns.
        self.poll_change(now_ms);
        for _ in 0..TRANSITIONS_MAX {
            let before = (self.epoch, self.role.name());
            self.poll_timers(now_ms, log);
            if self.halted || (self.epoch, self.role.name()) == before {
                break;
            }
        }
        if self.halted {
            return;
        }
        match &self.role {
            Role::Leader(_) => {
                self.expire_parked(now_ms, log);
                self.forget_observers(now_ms);
                self.poll_begin_quorum_epoch(now_ms);
            }
            Role::Resigned(_) => self.poll_end_quorum_epoch(now_ms),
            Role::Prospective(_) | Role::Candidate(_) => self.poll_votes(now_ms, log),
            Role::Follower(_) | Role::Unattached(_) => self.poll_fetch(now_ms, log),
        }
    }

    fn poll_timers(&mut self, now_ms: u64, log: &impl LogView) {
        self.poll_shutdown(now_ms);
        match &self.role {
            Role::Unattached(role) if role.election_at_ms <= now_ms && self.is_voter() => {
                self.become_prospective(now_ms);
            }
            Role::Prospective(role) if role.election_at_ms <= now_ms => {
                self.give_up_pre_vote(now_ms);
            }
            Role::Candidate(role) if role.votes.is_won() => self.become_leader(now_ms, log),
            Role::Candidate(role) if role.election_at_ms <= now_ms => {
                self.become_prospective(now_ms);
            }
            Role::Leader(role)
                if role.check_quorum_at_ms <= now_ms && self.check_quorum_applies() =>
            {
                self.become_resigned(now_ms);
            }
            Role::Leader(_) => self.resign_if_removed(now_ms),
            Role::Resigned(role) if role.election_at_ms <= now_ms => {
                self.become_unattached(now_ms, self.epoch.next(), None);
            }
            Role::Follower(role) if role.fetch_timeout_at_ms <= now_ms && self.is_voter() => {
                self.become_prospective(now_ms);
            }
            _ => {}
        }
    }

    pub(super) fn on_shutdown(&mut self, now_ms: u64) {
        self.shutdown_at_ms.get_or_insert(now_ms + self.config.timeouts.shutdown_ms);
        if self.history.voters().is_only(&self.key()) {
            return self.finish_shutdown();
        }
        self.become_resigned(now_ms);
    }

    fn poll_shutdown(&mut self, now_ms: u64) {
        let Some(give_up_at_ms) = self.shutdown_at_ms else { return };
        let done = match &self.role {
            Role::Resigned(role) => role.unacknowledged.is_empty(),
            Role::Leader(_) => {
                // Elected while shutting down.
                self.become_resigned(now_ms);
                false
            }
            Role::Candidate(_) => false,
            Role::Unattached(_) | Role::Follower(_) | Role::Prospective(_) => true,
        };
        if done || give_up_at_ms <= now_ms {
            self.finish_shutdown();
        }
    }

    fn finish_shutdown(&mut self) {
        self.halted = true;
        self.out.push(Action::ShutdownComplete);
    }

    fn forget_observers(&mut self, now_ms: u64) {
        let session_ms = self.config.timeouts.observer_session_ms;
        if let Role::Leader(leader) = &mut self.role {
            let since = now_ms.saturating_sub(session_ms);
            if since > 0 {
                leader.progress.forget_observers(self.history.voters(), since);
            }
        }
    }

    /// Sends to a voter if it can be reached and has nothing in flight.
    pub(super) fn send_to_voter(
        &mut self,
        now_ms: u64,
        voter: NodeId,
        request: impl FnOnce() -> Request,
    ) -> bool {
        let peer = Peer::Node(voter);
        let Some(endpoint) = self.voter_endpoint(voter) else { return false };
        if !self.connections.is_ready(peer, now_ms) {
            return false;
        }
        self.send(now_ms, peer, endpoint, request());
        true
    }

    pub(super) fn send(&mut self, now_ms: u64, to: Peer, endpoint: Endpoint, request: Request) {
        let id = self.connections.sent(to, now_ms);
        self.out.push(Action::Send { id, to, endpoint, request });
    }

    pub(super) fn next_deadline(&self, now_ms: u64) -> Option<u64> {
        if self.halted {
            return None;
        }
        let role = match &self.role {
            Role::Unattached(role) => self.is_voter().then_some(role.election_at_ms),
            Role::Prospective(role) => Some(role.election_at_ms),
            Role::Candidate(role) => Some(role.election_at_ms),
            Role::Leader(_) => self.leader_deadline(now_ms),
            Role::Resigned(role) => Some(role.election_at_ms),
            Role::Follower(role) => self.is_voter().then_some(role.fetch_timeout_at_ms),
        };
        let connections = self.connections.deadline(now_ms, &self.config.timeouts);
        [role, connections, self.shutdown_at_ms].into_iter().flatten().min()
    }

    fn leader_deadline(&self, now_ms: u64) -> Option<u64> {
        let Role::Leader(leader) = &self.role else { return None };
        let parked = leader.parked.iter().map(|fetch| fetch.expires_at_ms).min();
        let quorum = self.check_quorum_applies().then_some(leader.check_quorum_at_ms);
        // One that is due and was not sent waits for its connection, which has its own deadline.
        let begin = leader.begin_at_ms.values().copied().filter(|at| *at > now_ms).min();
        let change = leader.change.as_ref().map(|change| change.expires_at_ms);
        [parked, quorum, begin, change].into_iter().flatten().min()
    }
}
