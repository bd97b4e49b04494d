//! The node: one type, its rules spread over one file per subject.

mod describe;
mod epoch;
mod fetch;
mod follow;
mod lead;
mod membership;
mod poll;
mod request;
mod response;
mod snapshot;
mod transition;
mod vote;

#[cfg(test)]
mod tests;

pub use describe::{QuorumView, ReplicaView};

use barnabas_wire::ErrorCode;

use crate::connection::Connections;
use crate::random::Random;
use crate::role::{Role, Unattached};
use crate::{
    Action, Config, Election, Epoch, Event, Leadership, LogView, NodeId, ReplicaKey, RoleName,
    VoterHistory, VoterSet,
};

/// What a node finds on its disk.
#[derive(Debug)]
pub struct Initial {
    /// `quorum-state`; the default when there is none.
    pub election: Election,
    /// Voters from configuration, snapshot and log.
    pub voters: VoterHistory,
    /// The end of the newest snapshot: what is certainly committed.
    pub high_watermark: Option<i64>,
}

/// One node of a metadata quorum.
#[derive(Debug)]
pub struct Raft {
    config: Config,
    random: Random,
    epoch: Epoch,
    role: Role,
    /// What was last written to `quorum-state`.
    durable: Election,
    history: VoterHistory,
    high_watermark: Option<i64>,
    /// The leader's, from its last answer; the own one follows as far as the own log goes.
    leader_high_watermark: Option<i64>,
    /// Everything below is durable in the own log.
    flushed_end_offset: i64,
    connections: Connections,
    /// Before this time a leader that refuses connections is no reason for another election.
    patient_until_ms: u64,
    /// Before this time a controller that was taken out of the voters does not come back.
    rejoin_at_ms: u64,
    /// When the graceful shutdown is given up.
    shutdown_at_ms: Option<u64>,
    halted: bool,
    out: Vec<Action>,
}

impl Raft {
    /// A node that starts at `now_ms` with what it finds; the actions are to be executed before
    /// the first step.
    #[must_use]
    pub fn start(
        config: Config,
        initial: Initial,
        now_ms: u64,
        log: &impl LogView,
    ) -> (Self, Vec<Action>) {
        let random = Random::new(config.seed ^ u64::from(config.node.0.cast_unsigned()));
        let mut raft = Self {
            random,
            epoch: initial.election.epoch,
            role: Role::Unattached(Unattached {
                leader: None,
                voted: initial.election.voted,
                election_at_ms: u64::MAX,
            }),
            durable: initial.election,
            history: initial.voters,
            high_watermark: initial.high_watermark,
            leader_high_watermark: None,
            flushed_end_offset: log.end().offset,
            connections: Connections::default(),
            patient_until_ms: 0,
            rejoin_at_ms: 0,
            shutdown_at_ms: None,
            halted: false,
            out: Vec::new(),
            config,
        };
        raft.take_first_role(now_ms, log, initial.election);
        raft.poll(now_ms, log);
        let actions = std::mem::take(&mut raft.out);
        (raft, actions)
    }

    /// Handles one event. Time must not run backwards.
    pub fn step(&mut self, now_ms: u64, log: &impl LogView, event: Event) -> Vec<Action> {
        if self.halted {
            return Vec::new();
        }
        self.connections.expire(now_ms, &self.config.timeouts);
        self.handle(now_ms, log, event);
        self.poll(now_ms, log);
        std::mem::take(&mut self.out)
    }

    /// When to step with [`Event::Tick`] if nothing happens before; absent when only events can
    /// change anything (an idle quorum of one).
    #[must_use]
    pub fn deadline(&self, now_ms: u64) -> Option<u64> {
        self.next_deadline(now_ms)
    }

    /// The newest epoch seen.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The current role.
    #[must_use]
    pub fn role(&self) -> RoleName {
        self.role.name()
    }

    /// The epoch in which this node leads and may append.
    #[must_use]
    pub fn leading(&self) -> Option<Epoch> {
        matches!(self.role, Role::Leader(_)).then_some(self.epoch)
    }

    /// The leader of the epoch, when known.
    #[must_use]
    pub fn leader(&self) -> Option<NodeId> {
        match &self.role {
            Role::Unattached(role) => role.leader,
            Role::Prospective(role) => role.leader_id,
            Role::Candidate(_) => None,
            Role::Leader(_) | Role::Resigned(_) => Some(self.config.node),
            Role::Follower(role) => Some(role.leader),
        }
    }

    /// Records below are committed; absent until known.
    #[must_use]
    pub fn high_watermark(&self) -> Option<i64> {
        self.high_watermark
    }

    /// The voters in force.
    #[must_use]
    pub fn voters(&self) -> &VoterSet {
        self.history.voters()
    }

    /// The voters and versions in the log.
    #[must_use]
    pub fn history(&self) -> &VoterHistory {
        &self.history
    }

    /// Leader and epoch as told to peers.
    #[must_use]
    pub fn leadership(&self) -> Leadership {
        let endpoint = match &self.role {
            Role::Leader(_) | Role::Resigned(_) => self.config.own_endpoint().cloned(),
            Role::Follower(role) => Some(role.endpoint.clone()),
            Role::Prospective(role) => role.leader.as_ref().map(|(_, endpoint)| endpoint.clone()),
            Role::Unattached(_) | Role::Candidate(_) => None,
        };
        Leadership { epoch: self.epoch, leader: self.leader(), endpoint }
    }

    fn handle(&mut self, now_ms: u64, log: &impl LogView, event: Event) {
        match event {
            Event::Tick => {}
            Event::Request { token, request } => self.on_request(now_ms, log, token, request),
            Event::Response { id, response } => self.on_response(now_ms, log, id, response),
            Event::Unreachable { id } => {
                if let Some(peer) = self.connections.finish(id) {
                    self.connections.back_off(peer, now_ms, &self.config.timeouts);
                }
            }
            Event::Refused { id } => self.on_refused(now_ms, id),
            Event::Unsupported { id } => self.on_unsupported(now_ms, id),
            Event::Propose { proposal, epoch, batch } => {
                let accepted = self.leading() == Some(epoch) && self.shutdown_at_ms.is_none();
                self.out.push(if accepted {
                    Action::Append { proposal, epoch, batch }
                } else {
                    Action::Refuse { proposal }
                });
                if accepted {
                    self.out.push(Action::Flush);
                }
            }
            Event::LogChanged { control } => {
                let voted = self.is_voter();
                self.on_log_changed(now_ms, log, &control);
                self.note_removal(now_ms, voted);
            }
            Event::Flushed { end_offset } => self.on_flushed(now_ms, log, end_offset),
            Event::SnapshotInstalled { control } => {
                let voted = self.is_voter();
                self.on_snapshot_installed(log, &control);
                self.note_removal(now_ms, voted);
            }
            Event::Resign { epoch } => {
                if self.leading() == Some(epoch) {
                    self.become_resigned(now_ms);
                }
            }
            Event::Shutdown => self.on_shutdown(now_ms),
        }
    }

    fn key(&self) -> ReplicaKey {
        self.config.key()
    }

    fn is_voter(&self) -> bool {
        self.config.is_controller && self.history.voters().contains(&self.key())
    }

    fn cluster_mismatch(&self, cluster_id: Option<&String>) -> Option<ErrorCode> {
        cluster_id
            .is_some_and(|id| *id != self.config.cluster_id)
            .then_some(ErrorCode::INCONSISTENT_CLUSTER_ID)
    }

    fn election_timeout(&mut self) -> u64 {
        let base = self.config.timeouts.election_ms;
        base + self.random.below(base)
    }

    fn fail(&mut self, fault: crate::Fault) {
        self.halted = true;
        self.out.push(Action::Fatal(fault));
    }
}
