//! The six roles that a node can play, and what each remembers.

use std::collections::{BTreeMap, BTreeSet};

use crate::progress::Progress;
use crate::{Endpoint, LogPosition, NodeId, ReplicaKey, VoterSet};

/// What a node is doing in its epoch.
#[derive(Debug)]
pub(crate) enum Role {
    Unattached(Unattached),
    Prospective(Prospective),
    Candidate(Candidate),
    Leader(Leader),
    Resigned(Resigned),
    Follower(Follower),
}

/// A role without its memory, for logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleName {
    /// Knows the epoch and nobody to follow.
    Unattached,
    /// Asks whether it could win (pre-vote).
    Prospective,
    /// Asks for votes.
    Candidate,
    /// Leads.
    Leader,
    /// Led, and waits for a successor.
    Resigned,
    /// Follows a leader (as a voter or as an observer).
    Follower,
}

impl Role {
    pub(crate) fn name(&self) -> RoleName {
        match self {
            Self::Unattached(_) => RoleName::Unattached,
            Self::Prospective(_) => RoleName::Prospective,
            Self::Candidate(_) => RoleName::Candidate,
            Self::Leader(_) => RoleName::Leader,
            Self::Resigned(_) => RoleName::Resigned,
            Self::Follower(_) => RoleName::Follower,
        }
    }
}

/// Knows the epoch; maybe the leader's id or a vote, but no way to reach a leader.
#[derive(Debug)]
pub(crate) struct Unattached {
    pub(crate) leader: Option<NodeId>,
    pub(crate) voted: Option<ReplicaKey>,
    pub(crate) election_at_ms: u64,
}

/// Has not heard of a leader for an election timeout and asks whether an election would succeed.
#[derive(Debug)]
pub(crate) struct Prospective {
    pub(crate) leader: Option<(NodeId, Endpoint)>,
    pub(crate) leader_id: Option<NodeId>,
    pub(crate) voted: Option<ReplicaKey>,
    pub(crate) votes: Votes,
    pub(crate) election_at_ms: u64,
}

/// Voted for itself in a new epoch.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) votes: Votes,
    pub(crate) election_at_ms: u64,
}

/// Won the epoch.
#[derive(Debug)]
pub(crate) struct Leader {
    /// The first offset of this epoch.
    pub(crate) epoch_start_offset: i64,
    /// Whether a record of this epoch is committed.
    pub(crate) established: bool,
    pub(crate) progress: Progress,
    pub(crate) parked: Vec<ParkedFetch>,
    /// When the majority must have been heard of again.
    pub(crate) check_quorum_at_ms: u64,
    /// Voters heard of since the majority was last complete.
    pub(crate) heard: BTreeSet<NodeId>,
    /// Voters that acknowledged this leader, by when to remind them if they do not fetch.
    pub(crate) begin_at_ms: BTreeMap<NodeId, u64>,
    /// Whether the last control records are in the log, or still on their way.
    pub(crate) voters_appended: bool,
    /// A voter is being added or removed.
    pub(crate) change: Option<VoterChange>,
}

/// The change of a voter that somebody waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VoterChange {
    pub(crate) token: crate::Token,
    /// Or removes.
    pub(crate) adds: bool,
    pub(crate) ack_when_committed: bool,
    /// The new voters are in the log.
    pub(crate) appended: bool,
    pub(crate) expires_at_ms: u64,
}

/// A Fetch that waits for something to say.
#[derive(Debug)]
pub(crate) struct ParkedFetch {
    pub(crate) token: crate::Token,
    pub(crate) offset: i64,
    pub(crate) max_bytes: u32,
    pub(crate) expires_at_ms: u64,
}

/// Led this epoch and never will again.
#[derive(Debug)]
pub(crate) struct Resigned {
    pub(crate) election_at_ms: u64,
    pub(crate) unacknowledged: BTreeSet<NodeId>,
    pub(crate) successors: Vec<ReplicaKey>,
}

/// Replicates a leader's log.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) leader: NodeId,
    pub(crate) endpoint: Endpoint,
    pub(crate) voted: Option<ReplicaKey>,
    pub(crate) fetch_timeout_at_ms: u64,
    /// Whether this leader answered a Fetch: from then on others' pre-votes are refused.
    pub(crate) has_fetched: bool,
    pub(crate) snapshot: Option<SnapshotFetch>,
    /// When to look whether the leader has to be told about this voter.
    pub(crate) membership_at_ms: u64,
    /// Whether log changes were asked for and are not reported (and durable, for a voter) yet.
    pub(crate) log_busy: bool,
}

/// A snapshot being fetched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SnapshotFetch {
    pub(crate) id: LogPosition,
    /// Bytes written so far.
    pub(crate) position: u64,
}

/// Votes of one election, from the voters as they were at its start.
#[derive(Debug)]
pub(crate) struct Votes {
    votes: BTreeMap<NodeId, (ReplicaKey, Option<bool>)>,
    majority: usize,
}

impl Votes {
    /// Only the candidate's own vote, if it has one.
    pub(crate) fn new(voters: &VoterSet, candidate: &ReplicaKey) -> Self {
        let own = voters.contains(candidate);
        let votes = voters
            .iter()
            .map(|voter| {
                let vote = (own && voter.key.id == candidate.id).then_some(true);
                (voter.key.id, (voter.key, vote))
            })
            .collect();
        Self { votes, majority: voters.majority() }
    }

    /// The first answer of a voter counts; answers of others do not.
    pub(crate) fn record(&mut self, voter: NodeId, granted: bool) {
        if let Some((_, vote)) = self.votes.get_mut(&voter) {
            vote.get_or_insert(granted);
        }
    }

    pub(crate) fn unrecorded(&self) -> impl Iterator<Item = ReplicaKey> + '_ {
        self.votes.values().filter(|(_, vote)| vote.is_none()).map(|(key, _)| *key)
    }

    pub(crate) fn granting(&self) -> impl Iterator<Item = ReplicaKey> + '_ {
        self.votes.values().filter(|(_, vote)| *vote == Some(true)).map(|(key, _)| *key)
    }

    pub(crate) fn is_won(&self) -> bool {
        self.granting().count() >= self.majority
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.votes.values().filter(|(_, vote)| *vote != Some(false)).count() < self.majority
    }
}
