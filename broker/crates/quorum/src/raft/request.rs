//! Requests of peers: who answers them.

use barnabas_wire::ErrorCode;

use super::Raft;
use crate::role::Role;
use crate::{Action, Epoch, LogView, Request, Response, Token};

impl Raft {
    pub(super) fn on_request(
        &mut self,
        now_ms: u64,
        log: &impl LogView,
        token: Token,
        request: Request,
    ) {
        match request {
            Request::Vote(request) => {
                let response = self.on_vote(now_ms, log, &request);
                self.respond(token, Response::Vote(response));
            }
            Request::BeginQuorumEpoch(request) => {
                let response = self.on_begin_quorum_epoch(now_ms, request);
                self.respond(token, Response::BeginQuorumEpoch(response));
            }
            Request::EndQuorumEpoch(request) => {
                let response = self.on_end_quorum_epoch(now_ms, request);
                self.respond(token, Response::EndQuorumEpoch(response));
            }
            Request::Fetch(request) => self.on_fetch(now_ms, log, token, &request),
            Request::FetchSnapshot(request) => {
                self.on_fetch_snapshot(now_ms, log, token, &request);
            }
            Request::AddVoter(request) => self.on_add_voter(now_ms, token, request),
            Request::RemoveVoter(request) => self.on_remove_voter(now_ms, token, &request),
            Request::UpdateVoter(request) => {
                let response = self.on_update_voter(now_ms, &request);
                self.respond(token, Response::UpdateVoter(response));
            }
        }
    }

    pub(super) fn respond(&mut self, token: Token, response: Response) {
        self.out.push(Action::Respond { token, response });
    }

    /// The check of requests that only a leader serves (A4).
    pub(super) fn leader_error(&self, epoch: Epoch) -> Option<ErrorCode> {
        if epoch < self.epoch {
            Some(ErrorCode::FENCED_LEADER_EPOCH)
        } else if epoch > self.epoch {
            Some(ErrorCode::UNKNOWN_LEADER_EPOCH)
        } else if !matches!(self.role, Role::Leader(_)) {
            Some(ErrorCode::NOT_LEADER_OR_FOLLOWER)
        } else if self.shutdown_at_ms.is_some() {
            Some(ErrorCode::BROKER_NOT_AVAILABLE)
        } else {
            None
        }
    }
}
