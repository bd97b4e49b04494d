//! Votes: who gets one, and what an answer changes (A3).

use barnabas_bugs::{Bug, is_seeded};
use barnabas_wire::ErrorCode;

use super::Raft;
use crate::role::Role;
use crate::{LogView, NodeId, Request, VoteRequest, VoteResponse};

impl Raft {
    pub(super) fn on_vote(
        &mut self,
        now_ms: u64,
        log: &impl LogView,
        request: &VoteRequest,
    ) -> VoteResponse {
        if let Some(error) = self.vote_error(request) {
            return self.vote_response(error, false);
        }
        if request.epoch > self.epoch {
            self.become_unattached(now_ms, request.epoch, None);
        }
        if !self.is_own_key(request.voter) {
            return self.vote_response(ErrorCode::INVALID_VOTER_KEY, false);
        }
        let up_to_date = request.last.is_up_to_date(log.end());
        let granted = if request.pre_vote {
            self.grants_pre_vote(up_to_date)
        } else {
            self.grants_vote(request, up_to_date)
        };
        if granted && !request.pre_vote {
            match &mut self.role {
                Role::Unattached(role) => role.voted = Some(request.candidate),
                Role::Prospective(role) => role.voted = Some(request.candidate),
                _ => {}
            }
            self.persist();
        }
        self.vote_response(ErrorCode::NONE, granted)
    }

    fn vote_error(&self, request: &VoteRequest) -> Option<ErrorCode> {
        let last = request.last;
        let epoch_too_high =
            if request.pre_vote { last.epoch > request.epoch } else { last.epoch >= request.epoch };
        if let Some(error) = self.cluster_mismatch(request.cluster_id.as_ref()) {
            Some(error)
        } else if request.epoch < self.epoch {
            Some(ErrorCode::FENCED_LEADER_EPOCH)
        } else if request.candidate.id.0 < 0
            || last.offset < 0
            || last.epoch.0 < 0
            || epoch_too_high
        {
            Some(ErrorCode::INVALID_REQUEST)
        } else {
            None
        }
    }

    fn vote_response(&self, error: ErrorCode, granted: bool) -> VoteResponse {
        VoteResponse { error, leadership: self.leadership(), granted }
    }

    /// Whether a request names this node; one without a directory names it by id.
    pub(super) fn is_own_key(&self, key: crate::ReplicaKey) -> bool {
        key.id == self.config.node
            && key.directory.is_none_or(|directory| directory == self.config.directory)
    }

    /// A node that hears from its leader helps nobody to disturb it.
    fn grants_pre_vote(&self, up_to_date: bool) -> bool {
        match &self.role {
            Role::Leader(_) => false,
            Role::Follower(role) => up_to_date && !role.has_fetched,
            _ => up_to_date,
        }
    }

    fn grants_vote(&self, request: &VoteRequest, up_to_date: bool) -> bool {
        let (voted, leader) = match &self.role {
            Role::Unattached(role) => (role.voted, role.leader),
            Role::Prospective(role) => (role.voted, role.leader_id),
            _ => return false,
        };
        if let Some(voted) = voted.filter(|_| !is_seeded(Bug::VoteTwice)) {
            return voted.id == request.candidate.id
                && (voted.directory.is_none() || voted.directory == request.candidate.directory);
        }
        leader.is_none() && up_to_date
    }

    pub(super) fn on_vote_response(
        &mut self,
        now_ms: u64,
        log: &impl LogView,
        voter: NodeId,
        response: &VoteResponse,
    ) {
        match &mut self.role {
            Role::Prospective(role) => {
                role.votes.record(voter, response.granted);
                let (won, lost) = (role.votes.is_won(), role.votes.is_lost());
                if won {
                    self.become_candidate(now_ms);
                } else if lost {
                    self.give_up_pre_vote(now_ms);
                }
            }
            Role::Candidate(role) => {
                role.votes.record(voter, response.granted);
                if role.votes.is_won() {
                    self.become_leader(now_ms, log);
                }
            }
            _ => {}
        }
    }

    /// A lost or timed-out pre-vote: back to the leader that is still known, if any.
    pub(super) fn give_up_pre_vote(&mut self, now_ms: u64) {
        let Role::Prospective(role) = &self.role else { return };
        match role.leader.clone() {
            Some((leader, endpoint)) => {
                self.become_follower(now_ms, self.epoch, leader, endpoint);
            }
            None => {
                let leader = role.leader_id;
                self.become_unattached(now_ms, self.epoch, leader);
            }
        }
    }

    pub(super) fn poll_votes(&mut self, now_ms: u64, log: &impl LogView) {
        let (votes, pre_vote) = match &self.role {
            Role::Prospective(role) => (&role.votes, true),
            Role::Candidate(role) => (&role.votes, false),
            _ => return,
        };
        let unrecorded: Vec<_> = votes.unrecorded().collect();
        for voter in unrecorded {
            let request = VoteRequest {
                cluster_id: Some(self.config.cluster_id.clone()),
                voter,
                candidate: self.key(),
                epoch: self.epoch,
                last: log.end(),
                pre_vote,
            };
            self.send_to_voter(now_ms, voter.id, || Request::Vote(request));
        }
    }
}
