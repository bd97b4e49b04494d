//! Voters come, go and move (A7, KIP-853): the leader's side, and the wishes of a follower.

use barnabas_wire::ErrorCode;

use super::Raft;
use crate::role::{Role, VoterChange};
use crate::{
    Action, AddVoterRequest, ControlRecord, RemoveVoterRequest, Request, Response, Token,
    UpdateVoterRequest, Voter, VoterChangeResponse, VoterSet,
};

/// A new voter must have fetched within this time.
const RECENT_MS: u64 = 3_600_000;
/// The versions of kraft.version that this release supports.
const KRAFT_VERSIONS: (i16, i16) = (0, 1);
/// A controller that was taken out of the voters makes itself one again after this time, and not
/// at once as Kafka's does: whoever took it out needs a moment to stop it.
pub(super) const REJOIN_MS: u64 = 60_000;

impl Raft {
    pub(super) fn on_add_voter(&mut self, now_ms: u64, token: Token, request: AddVoterRequest) {
        let AddVoterRequest { cluster_id, timeout_ms, voter, ack_when_committed } = request;
        if let Err(error) = self.may_add(now_ms, cluster_id.as_ref(), &voter) {
            let response = Response::AddVoter(self.change_response(error));
            return self.respond(token, response);
        }
        let voters = self.history.voters().clone().with(voter);
        let expires_at_ms = now_ms + u64::try_from(timeout_ms).unwrap_or(0);
        self.begin_change(
            voters,
            VoterChange { token, adds: true, ack_when_committed, appended: false, expires_at_ms },
        );
    }

    pub(super) fn on_remove_voter(
        &mut self,
        now_ms: u64,
        token: Token,
        request: &RemoveVoterRequest,
    ) {
        let error = self.change_error(request.cluster_id.as_ref()).or_else(|| {
            let voters = self.history.voters();
            let known = voters.by_id(request.key.id).is_some_and(|voter| voter.key == request.key);
            (!known || voters.len() == 1).then_some(ErrorCode::VOTER_NOT_FOUND)
        });
        if let Some(error) = error {
            let response = Response::RemoveVoter(self.change_response(error));
            return self.respond(token, response);
        }
        let voters = self.history.voters().clone().without(request.key.id);
        let expires_at_ms = now_ms + self.config.timeouts.request_ms;
        self.begin_change(
            voters,
            VoterChange {
                token,
                adds: false,
                ack_when_committed: true,
                appended: false,
                expires_at_ms,
            },
        );
    }

    /// A voter that moved or was upgraded; answered when it is in the log.
    pub(super) fn on_update_voter(
        &mut self,
        now_ms: u64,
        request: &UpdateVoterRequest,
    ) -> VoterChangeResponse {
        let error = self
            .cluster_mismatch(request.cluster_id.as_ref())
            .or_else(|| self.leader_error(request.epoch))
            .or_else(|| self.change_error(None))
            .or_else(|| self.range_error(&request.voter))
            .or_else(|| {
                let known = self.history.voters().contains(&request.voter.key);
                (!known).then_some(ErrorCode::VOTER_NOT_FOUND)
            });
        if error.is_none() {
            self.heard_from(now_ms, request.voter.key);
            let voters = self.history.voters().clone().with(request.voter.clone());
            self.append_voters(voters);
        }
        self.change_response(error.unwrap_or(ErrorCode::NONE))
    }

    fn may_add(
        &self,
        now_ms: u64,
        cluster_id: Option<&String>,
        voter: &Voter,
    ) -> Result<(), ErrorCode> {
        if let Some(error) = self.change_error(cluster_id) {
            return Err(error);
        }
        if self.history.voters().by_id(voter.key.id).is_some() {
            return Err(ErrorCode::DUPLICATE_VOTER);
        }
        if let Some(error) = self.range_error(voter) {
            return Err(error);
        }
        let Role::Leader(leader) = &self.role else {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        };
        let replica = leader.progress.of(&voter.key);
        let recent = replica.last_fetch_ms.is_some_and(|at| now_ms < at + RECENT_MS);
        if !recent || replica.last_caught_up_ms.is_none() {
            return Err(ErrorCode::REQUEST_TIMED_OUT);
        }
        Ok(())
    }

    /// Why no voter can change now.
    fn change_error(&self, cluster_id: Option<&String>) -> Option<ErrorCode> {
        if let Some(error) = self.cluster_mismatch(cluster_id) {
            return Some(error);
        }
        if let Some(error) = self.leader_error(self.epoch) {
            return Some(error);
        }
        let Role::Leader(leader) = &self.role else { return None };
        if leader.change.is_some() || !leader.established {
            return Some(ErrorCode::REQUEST_TIMED_OUT);
        }
        if self.history.kraft_version() == 0 {
            return Some(ErrorCode::UNSUPPORTED_VERSION);
        }
        let committed = self.history.voters_offset() < self.high_watermark;
        (!leader.voters_appended || !committed).then_some(ErrorCode::REQUEST_TIMED_OUT)
    }

    fn range_error(&self, voter: &Voter) -> Option<ErrorCode> {
        let version = self.history.kraft_version();
        let supported = (voter.kraft_version_min..=voter.kraft_version_max).contains(&version);
        let reachable = voter.endpoint(&self.config.listener).is_some();
        let named = voter.key.directory.is_some() && voter.key.id.0 >= 0;
        (!supported || !reachable || !named).then_some(ErrorCode::INVALID_REQUEST)
    }

    fn change_response(&self, error: ErrorCode) -> VoterChangeResponse {
        VoterChangeResponse { error, leadership: self.leadership() }
    }

    fn begin_change(&mut self, voters: VoterSet, change: VoterChange) {
        if let Role::Leader(leader) = &mut self.role {
            leader.change = Some(change);
        }
        self.append_voters(voters);
    }

    fn append_voters(&mut self, voters: VoterSet) {
        if let Role::Leader(leader) = &mut self.role {
            leader.voters_appended = false;
        }
        let records = vec![ControlRecord::Voters(voters)];
        self.out.push(Action::AppendControl { epoch: self.epoch, records });
        self.out.push(Action::Flush);
    }

    /// The new voters are in the log: in force from now on, committed by their own majority.
    pub(super) fn change_appended(&mut self) {
        let Role::Leader(leader) = &mut self.role else { return };
        let Some(change) = &mut leader.change else { return };
        change.appended = true;
        if !change.ack_when_committed {
            self.finish_change(ErrorCode::NONE);
        }
    }

    /// Answers when the change is committed, or took too long; then it may commit all the same.
    pub(super) fn poll_change(&mut self, now_ms: u64) {
        let Role::Leader(leader) = &self.role else { return };
        let Some(change) = &leader.change else { return };
        if change.appended && self.history.voters_offset() < self.high_watermark {
            self.finish_change(ErrorCode::NONE);
        } else if change.expires_at_ms <= now_ms {
            self.finish_change(ErrorCode::REQUEST_TIMED_OUT);
        }
    }

    fn finish_change(&mut self, error: ErrorCode) {
        let Role::Leader(leader) = &mut self.role else { return };
        if let Some(change) = leader.change.take() {
            self.answer_change(change, error);
        }
    }

    pub(super) fn answer_change(&mut self, change: VoterChange, error: ErrorCode) {
        let response = self.change_response(error);
        let response = if change.adds {
            Response::AddVoter(response)
        } else {
            Response::RemoveVoter(response)
        };
        self.respond(change.token, response);
    }

    /// Remembers when this node was taken out of the voters. `voted` says whether it was one before
    /// the event.
    pub(super) fn note_removal(&mut self, now_ms: u64, voted: bool) {
        if voted && !self.is_voter() {
            self.rejoin_at_ms = now_ms + REJOIN_MS;
        }
    }

    /// What a follower has to say about its place among the voters.
    pub(super) fn membership_request(&self, now_ms: u64) -> Option<Request> {
        if !self.config.is_controller || self.history.kraft_version() == 0 {
            return None;
        }
        let cluster_id = Some(self.config.cluster_id.clone());
        let own = Voter {
            key: self.key(),
            endpoints: self.config.endpoints.clone(),
            kraft_version_min: KRAFT_VERSIONS.0,
            kraft_version_max: KRAFT_VERSIONS.1,
        };
        match self.history.voters().by_id(self.config.node) {
            Some(known) if known.key == own.key => (*known != own).then(|| {
                let epoch = self.epoch;
                Request::UpdateVoter(UpdateVoterRequest { cluster_id, epoch, voter: own })
            }),
            _ if !self.config.auto_join || now_ms < self.rejoin_at_ms => None,
            // The same node with another disk: the old one is gone.
            Some(known) => {
                let key = known.key;
                Some(Request::RemoveVoter(RemoveVoterRequest { cluster_id, key }))
            }
            None => Some(Request::AddVoter(AddVoterRequest {
                cluster_id,
                timeout_ms: i32::try_from(self.config.timeouts.request_ms).unwrap_or(i32::MAX),
                voter: own,
                ack_when_committed: false,
            })),
        }
    }
}
