//! Answers of peers: what they say about the epoch, then what they say (A4).

use barnabas_wire::ErrorCode;

use super::Raft;
use crate::connection::Peer;
use crate::role::Role;
use crate::{Epoch, Fault, LogView, NodeId, RequestId, Response};

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
            Response::Fetch(_) | Response::FetchSnapshot(_) => {
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
