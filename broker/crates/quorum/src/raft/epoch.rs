//! BeginQuorumEpoch and EndQuorumEpoch: how a leader comes and goes (A3).

use barnabas_wire::ErrorCode;

use super::Raft;
use crate::role::Role;
use crate::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, EndQuorumEpochRequest,
    EndQuorumEpochResponse, Epoch, NodeId, ReplicaKey, Request,
};

impl Raft {
    pub(super) fn on_begin_quorum_epoch(
        &mut self,
        now_ms: u64,
        request: BeginQuorumEpochRequest,
    ) -> BeginQuorumEpochResponse {
        let error =
            self.epoch_request_error(request.cluster_id.as_ref(), request.epoch, request.leader);
        let error = error.unwrap_or_else(|| {
            let listener = &self.config.listener;
            let endpoint =
                request.endpoints.into_iter().find(|endpoint| endpoint.listener == *listener);
            self.learn(now_ms, request.epoch, Some(request.leader), endpoint);
            match request.voter {
                Some(voter) if !self.is_own_key(voter) => ErrorCode::INVALID_VOTER_KEY,
                _ => ErrorCode::NONE,
            }
        });
        BeginQuorumEpochResponse { error, leadership: self.leadership() }
    }

    pub(super) fn on_end_quorum_epoch(
        &mut self,
        now_ms: u64,
        request: EndQuorumEpochRequest,
    ) -> EndQuorumEpochResponse {
        let error =
            self.epoch_request_error(request.cluster_id.as_ref(), request.epoch, request.leader);
        if error.is_none() {
            let listener = &self.config.listener;
            let endpoint =
                request.endpoints.into_iter().find(|endpoint| endpoint.listener == *listener);
            self.learn(now_ms, request.epoch, Some(request.leader), endpoint);
            self.succeed(now_ms, request.leader, &request.successors);
        }
        let error = error.unwrap_or(ErrorCode::NONE);
        EndQuorumEpochResponse { error, leadership: self.leadership() }
    }

    /// The most caught-up follower stands at once, the others give it a head start.
    fn succeed(&mut self, now_ms: u64, leader: NodeId, successors: &[ReplicaKey]) {
        let own = self.key();
        let cap = self.config.timeouts.election_backoff_max_ms;
        let Role::Follower(role) = &mut self.role else { return };
        if role.leader != leader {
            return;
        }
        let position = successors.iter().position(|key| {
            key.id == own.id && (key.directory.is_none() || key.directory == own.directory)
        });
        let backoff_ms = match position {
            Some(0) => 0,
            Some(position) => {
                // Halved for every further successor, doubled for every position.
                let shifted = cap.checked_shr(shift(successors.len() - 1)).unwrap_or(0).max(1);
                shifted.checked_shl(shift(position - 1)).unwrap_or(cap).min(cap)
            }
            None => cap,
        };
        role.fetch_timeout_at_ms = now_ms + backoff_ms;
        // The leader said itself that it is gone: nothing is left to protect from an election.
        role.has_fetched = false;
    }

    fn epoch_request_error(
        &self,
        cluster_id: Option<&String>,
        epoch: Epoch,
        leader: NodeId,
    ) -> Option<ErrorCode> {
        if let Some(error) = self.cluster_mismatch(cluster_id) {
            Some(error)
        } else if epoch < self.epoch {
            Some(ErrorCode::FENCED_LEADER_EPOCH)
        } else if leader.0 < 0 {
            Some(ErrorCode::INVALID_REQUEST)
        } else {
            None
        }
    }

    /// A leader announces itself to voters that do not fetch from it.
    pub(super) fn poll_begin_quorum_epoch(&mut self, now_ms: u64) {
        let Role::Leader(leader) = &mut self.role else { return };
        let resend_ms = self.config.timeouts.fetch_ms / 2;
        let mut due = Vec::new();
        for voter in self.history.voters().iter().filter(|v| v.key.id != self.config.node) {
            let at = leader.begin_at_ms.entry(voter.key.id).or_insert(now_ms);
            let fetched = leader.progress.of(&voter.key).last_fetch_ms;
            *at = (*at).max(fetched.map_or(0, |fetched| fetched + resend_ms));
            if *at <= now_ms {
                due.push(voter.key);
            }
        }
        for key in due {
            let request = BeginQuorumEpochRequest {
                cluster_id: Some(self.config.cluster_id.clone()),
                voter: Some(key),
                leader: self.config.node,
                epoch: self.epoch,
                endpoints: self.config.endpoints.clone(),
            };
            let sent = self.send_to_voter(now_ms, key.id, || Request::BeginQuorumEpoch(request));
            if sent && let Role::Leader(leader) = &mut self.role {
                leader.begin_at_ms.insert(key.id, now_ms + resend_ms);
            }
        }
    }

    /// A leader that resigned says so until everybody knows.
    pub(super) fn poll_end_quorum_epoch(&mut self, now_ms: u64) {
        let Role::Resigned(role) = &self.role else { return };
        let request = EndQuorumEpochRequest {
            cluster_id: Some(self.config.cluster_id.clone()),
            leader: self.config.node,
            epoch: self.epoch,
            successors: role.successors.clone(),
            endpoints: self.config.endpoints.clone(),
        };
        let unacknowledged: Vec<NodeId> = role.unacknowledged.iter().copied().collect();
        for voter in unacknowledged {
            self.send_to_voter(now_ms, voter, || Request::EndQuorumEpoch(request.clone()));
        }
    }
}

/// A place in the list as a number of bits.
fn shift(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
