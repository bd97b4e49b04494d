//! Answers of peers: what they say about the epoch, then what they say (A4).

use barnabas_wire::ErrorCode;

use super::Raft;
use crate::connection::Peer;
use crate::role::Role;
use crate::{Epoch, Fault, LogView, NodeId, RequestId, Response};

/// By when all voters have noticed that a process ended, about, when they are near.
const NOTICE_MS: u64 = 30;
/// What an election takes, about.
const HEAD_START_MS: u64 = 100;
/// Least time between two elections that refused connections are the reason for.
const PATIENCE_MS: u64 = 200;

/// What remains to be done with an answer.
enum Verdict {
    /// Use its content.
    Process,
    /// Nothing.
    Done,
    /// Nothing, and leave the peer alone for a moment.
    BackOff,
}

impl Raft {
    pub(super) fn on_response(
        &mut self,
        now_ms: u64,
        log: &impl LogView,
        id: RequestId,
        response: Response,
    ) {
        let Some(peer) = self.connections.finish(id) else { return };
        if let Response::AddVoter(response) | Response::RemoveVoter(response) = &response {
            // Tried again when it is time; the answer does not tell who leads.
            if response.error != ErrorCode::NONE {
                self.connections.back_off(peer, now_ms, &self.config.timeouts);
            }
            return;
        }
        match self.judge(now_ms, peer, &response) {
            Verdict::Process => self.process(now_ms, log, peer, response),
            Verdict::Done => {}
            Verdict::BackOff => self.connections.back_off(peer, now_ms, &self.config.timeouts),
        }
    }

    /// An old voter does not know pre-votes: the election goes on without.
    pub(super) fn on_unsupported(&mut self, now_ms: u64, id: RequestId) {
        let Some(peer) = self.connections.finish(id) else { return };
        if matches!(self.role, Role::Prospective(_)) {
            self.become_candidate(now_ms);
        } else {
            self.connections.back_off(peer, now_ms, &self.config.timeouts);
        }
    }

    /// The leader's process ended: one that starts again never leads this epoch again, so there is
    /// no reason to wait for the fetch timeout. The first of the others stands when all may have
    /// noticed, each further one gives those before it a head start. Nobody is elected by mistake:
    /// whoever still fetches from the leader refuses the pre-vote.
    pub(super) fn on_refused(&mut self, now_ms: u64, id: RequestId) {
        let Some(peer) = self.connections.finish(id) else { return };
        self.connections.back_off(peer, now_ms, &self.config.timeouts);
        let Peer::Node(node) = peer else { return };
        if let Role::Prospective(role) = &mut self.role {
            // A pre-vote that cannot be won without it need not wait for the timeout.
            role.votes.record(node, false);
            if role.votes.is_lost() {
                self.give_up_pre_vote(now_ms);
            }
            return;
        }
        let stands_at_ms = now_ms + NOTICE_MS + self.head_start_ms(node);
        let stands = self.is_voter() && now_ms >= self.patient_until_ms;
        if let Role::Follower(role) = &mut self.role
            && role.leader == node
        {
            role.has_fetched = false;
            if stands {
                role.fetch_timeout_at_ms = role.fetch_timeout_at_ms.min(stands_at_ms);
                self.patient_until_ms = stands_at_ms + PATIENCE_MS;
            }
        }
    }

    /// How long this voter lets those before it try to succeed a leader: the leader's last answers
    /// go to all at the same time, and without it so would their candidacies.
    pub(super) fn head_start_ms(&self, leader: NodeId) -> u64 {
        let others = self.history.voters().iter().filter(|voter| voter.key.id != leader);
        let before = others.take_while(|voter| voter.key.id != self.config.node).count();
        before as u64 * HEAD_START_MS
    }

    /// Silence of the leader after which this follower stands for election.
    pub(super) fn fetch_timeout_ms(&self) -> u64 {
        let head_start_ms = self.leader().map_or(0, |leader| self.head_start_ms(leader));
        self.config.timeouts.fetch_ms + head_start_ms
    }

    fn judge(&mut self, now_ms: u64, peer: Peer, response: &Response) -> Verdict {
        let error = response.error();
        let leadership = response.leadership().clone();
        let before = self.epoch;
        let known = self.leader().is_some();
        match error {
            ErrorCode::INVALID_REQUEST => {
                self.fail(Fault::RefusedAsInvalid { peer });
                return Verdict::Done;
            }
            ErrorCode::UNKNOWN_LEADER_EPOCH => return Verdict::BackOff,
            _ if leadership.epoch < before => return Verdict::BackOff,
            _ => {}
        }
        let says_leader = leadership.leader.is_some_and(|leader| leader != self.config.node);
        if leadership.epoch > before || says_leader {
            self.learn(now_ms, leadership.epoch, leadership.leader, leadership.endpoint);
        }
        let moved = self.epoch != before || known != self.leader().is_some();
        match error {
            _ if self.epoch > before => Verdict::Done,
            ErrorCode::NONE | ErrorCode::SNAPSHOT_NOT_FOUND | ErrorCode::INVALID_VOTER_KEY => {
                Verdict::Process
            }
            _ if moved => Verdict::Done,
            _ => Verdict::BackOff,
        }
    }

    fn process(&mut self, now_ms: u64, log: &impl LogView, peer: Peer, response: Response) {
        let answered_by_leader = match (peer, self.leader()) {
            (Peer::Node(id), Some(leader)) => id == leader,
            (Peer::Bootstrap(_), Some(leader)) => response.leadership().leader == Some(leader),
            _ => false,
        };
        match response {
            Response::Vote(response) => {
                if let Peer::Node(voter) = peer {
                    let granted = response.error == ErrorCode::NONE && response.granted;
                    let response = crate::VoteResponse { granted, ..response };
                    self.on_vote_response(now_ms, log, voter, &response);
                }
            }
            Response::BeginQuorumEpoch(response) => {
                self.on_acknowledged(now_ms, peer, response.leadership.epoch);
            }
            Response::EndQuorumEpoch(_) => {
                if let (Peer::Node(voter), Role::Resigned(role)) = (peer, &mut self.role) {
                    role.unacknowledged.remove(&voter);
                }
            }
            Response::Fetch(response) if answered_by_leader => {
                self.on_fetch_response(now_ms, log, response);
            }
            Response::FetchSnapshot(response) if answered_by_leader => {
                if response.error == ErrorCode::SNAPSHOT_NOT_FOUND {
                    self.forget_snapshot();
                } else {
                    self.on_fetch_snapshot_response(now_ms, response);
                }
            }
            Response::UpdateVoter(_) if answered_by_leader => {
                let fetch_ms = self.config.timeouts.fetch_ms;
                if let Role::Follower(role) = &mut self.role {
                    role.fetch_timeout_at_ms = now_ms + fetch_ms;
                }
            }
            Response::AddVoter(_) | Response::RemoveVoter(_) => {}
            Response::Fetch(_) | Response::FetchSnapshot(_) | Response::UpdateVoter(_) => {
                self.connections.back_off(peer, now_ms, &self.config.timeouts);
            }
        }
    }

    /// A voter that knows this leader is told again only if it stops fetching.
    fn on_acknowledged(&mut self, now_ms: u64, peer: Peer, epoch: Epoch) {
        let resend_ms = self.config.timeouts.fetch_ms / 2;
        if let (Peer::Node(NodeId(id)), Role::Leader(leader)) = (peer, &mut self.role)
            && epoch == self.epoch
        {
            leader.begin_at_ms.insert(NodeId(id), now_ms + resend_ms);
        }
    }
}
