//! The quorum's requests and answers, free of versions and wire details.

use barnabas_wire::ErrorCode;
use bytes::Bytes;

use crate::{Endpoint, Epoch, LogPosition, NodeId, ReplicaKey, Voter};

/// A request between nodes.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Asks for a vote, or whether one would be granted.
    Vote(VoteRequest),
    /// A leader announces itself.
    BeginQuorumEpoch(BeginQuorumEpochRequest),
    /// A leader resigns.
    EndQuorumEpoch(EndQuorumEpochRequest),
    /// A follower or observer asks for records.
    Fetch(FetchRequest),
    /// A follower or observer asks for a piece of a snapshot.
    FetchSnapshot(FetchSnapshotRequest),
    /// Somebody adds a voter.
    AddVoter(AddVoterRequest),
    /// Somebody removes a voter.
    RemoveVoter(RemoveVoterRequest),
    /// A voter moved.
    UpdateVoter(UpdateVoterRequest),
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// To Vote.
    Vote(VoteResponse),
    /// To BeginQuorumEpoch.
    BeginQuorumEpoch(BeginQuorumEpochResponse),
    /// To EndQuorumEpoch.
    EndQuorumEpoch(EndQuorumEpochResponse),
    /// To Fetch.
    Fetch(FetchResponse),
    /// To FetchSnapshot.
    FetchSnapshot(FetchSnapshotResponse),
    /// To AddVoter.
    AddVoter(VoterChangeResponse),
    /// To RemoveVoter.
    RemoveVoter(VoterChangeResponse),
    /// To UpdateVoter.
    UpdateVoter(VoterChangeResponse),
}

/// The answering node's idea of the leader, in every answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Leadership {
    /// Its epoch.
    pub epoch: Epoch,
    /// The leader of that epoch, when known.
    pub leader: Option<NodeId>,
    /// Where the leader's controller listener is, when known.
    pub endpoint: Option<Endpoint>,
}

/// Vote (KIP-595, pre-vote of KIP-996).
#[derive(Clone, Debug, PartialEq)]
pub struct VoteRequest {
    /// The sender's cluster id.
    pub cluster_id: Option<String>,
    /// Whom the sender believes to ask.
    pub voter: ReplicaKey,
    /// Who wants to lead.
    pub candidate: ReplicaKey,
    /// Its epoch; for a pre-vote the current one.
    pub epoch: Epoch,
    /// The end of its log.
    pub last: LogPosition,
    /// Only asks.
    pub pre_vote: bool,
}

/// Answer to a Vote.
#[derive(Clone, Debug, PartialEq)]
pub struct VoteResponse {
    /// What is wrong with the request.
    pub error: ErrorCode,
    /// The leader.
    pub leadership: Leadership,
    /// Whether the vote is granted.
    pub granted: bool,
}

/// BeginQuorumEpoch.
#[derive(Clone, Debug, PartialEq)]
pub struct BeginQuorumEpochRequest {
    /// The sender's cluster id.
    pub cluster_id: Option<String>,
    /// Whom the sender believes to tell; no key in version 0.
    pub voter: Option<ReplicaKey>,
    /// The new leader.
    pub leader: NodeId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Its endpoints; empty in version 0.
    pub endpoints: Vec<Endpoint>,
}

/// Answer to a BeginQuorumEpoch.
#[derive(Clone, Debug, PartialEq)]
pub struct BeginQuorumEpochResponse {
    /// What is wrong with the request.
    pub error: ErrorCode,
    /// The leader.
    pub leadership: Leadership,
}

/// EndQuorumEpoch.
#[derive(Clone, Debug, PartialEq)]
pub struct EndQuorumEpochRequest {
    /// The sender's cluster id.
    pub cluster_id: Option<String>,
    /// The leader that resigns.
    pub leader: NodeId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Voters, the most caught up first.
    pub successors: Vec<ReplicaKey>,
    /// The resigning leader's endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// Answer to an EndQuorumEpoch.
#[derive(Clone, Debug, PartialEq)]
pub struct EndQuorumEpochResponse {
    /// What is wrong with the request.
    pub error: ErrorCode,
    /// The leader.
    pub leadership: Leadership,
}

/// Fetch of the metadata log.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchRequest {
    /// The sender's cluster id.
    pub cluster_id: Option<String>,
    /// The sender; absent for a reader that is no replica.
    pub replica: Option<ReplicaKey>,
    /// Its idea of the current epoch.
    pub epoch: Epoch,
    /// The end of its log.
    pub fetch_offset: i64,
    /// The epoch of its last record.
    pub last_fetched_epoch: Epoch,
    /// How long the leader may wait for something to say.
    pub max_wait_ms: i32,
    /// At most so many bytes.
    pub max_bytes: i32,
    /// Its high watermark; absent before version 18, -1 when not known.
    pub high_watermark: Option<i64>,
}

/// Answer to a Fetch.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchResponse {
    /// What is wrong with the request.
    pub error: ErrorCode,
    /// The leader.
    pub leadership: Leadership,
    /// The leader's high watermark, -1 when not known.
    pub high_watermark: i64,
    /// The leader's log start.
    pub log_start_offset: i64,
    /// Records, or what to do instead.
    pub body: FetchBody,
}

/// What a Fetch answer asks the follower to do.
#[derive(Clone, Debug, PartialEq)]
pub enum FetchBody {
    /// Append these (may be empty).
    Records(Bytes),
    /// Truncate: the logs part here.
    Diverging(LogPosition),
    /// Fetch this snapshot.
    Snapshot(LogPosition),
}

/// FetchSnapshot (KIP-630).
#[derive(Clone, Debug, PartialEq)]
pub struct FetchSnapshotRequest {
    /// The sender's cluster id.
    pub cluster_id: Option<String>,
    /// The sender; absent for a reader that is no replica.
    pub replica: Option<ReplicaKey>,
    /// Its idea of the current epoch.
    pub epoch: Epoch,
    /// The snapshot.
    pub snapshot: LogPosition,
    /// First byte.
    pub position: i64,
    /// At most so many bytes.
    pub max_bytes: i32,
}

/// Answer to a FetchSnapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchSnapshotResponse {
    /// What is wrong with the request.
    pub error: ErrorCode,
    /// The leader.
    pub leadership: Leadership,
    /// The snapshot.
    pub snapshot: LogPosition,
    /// Its whole size.
    pub size: u64,
    /// Where the bytes belong.
    pub position: u64,
    /// The bytes.
    pub bytes: Bytes,
}

/// AddRaftVoter (KIP-853).
#[derive(Clone, Debug, PartialEq)]
pub struct AddVoterRequest {
    /// The sender's cluster id.
    pub cluster_id: Option<String>,
    /// How long the change may take.
    pub timeout_ms: i32,
    /// The new voter, with the versions that it was found to support.
    pub voter: Voter,
    /// Answer when the change is committed, not when it is in the leader's log.
    pub ack_when_committed: bool,
}

/// RemoveRaftVoter (KIP-853).
#[derive(Clone, Debug, PartialEq)]
pub struct RemoveVoterRequest {
    /// The sender's cluster id.
    pub cluster_id: Option<String>,
    /// The voter.
    pub key: ReplicaKey,
}

/// UpdateRaftVoter (KIP-853).
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateVoterRequest {
    /// The sender's cluster id.
    pub cluster_id: Option<String>,
    /// Its idea of the current epoch.
    pub epoch: Epoch,
    /// The voter as it is now.
    pub voter: Voter,
}

/// Answer to a change of the voters.
#[derive(Clone, Debug, PartialEq)]
pub struct VoterChangeResponse {
    /// Why it did not happen.
    pub error: ErrorCode,
    /// The leader.
    pub leadership: Leadership,
}

impl Request {
    /// Whether the leader may append because of it.
    #[must_use]
    pub fn changes_voters(&self) -> bool {
        matches!(self, Self::AddVoter(_) | Self::RemoveVoter(_) | Self::UpdateVoter(_))
    }
}

impl Response {
    /// What is wrong with the request.
    #[must_use]
    pub fn error(&self) -> ErrorCode {
        match self {
            Self::Vote(response) => response.error,
            Self::BeginQuorumEpoch(response) => response.error,
            Self::EndQuorumEpoch(response) => response.error,
            Self::Fetch(response) => response.error,
            Self::FetchSnapshot(response) => response.error,
            Self::AddVoter(response)
            | Self::RemoveVoter(response)
            | Self::UpdateVoter(response) => response.error,
        }
    }

    pub(crate) fn leadership(&self) -> &Leadership {
        match self {
            Self::Vote(response) => &response.leadership,
            Self::BeginQuorumEpoch(response) => &response.leadership,
            Self::EndQuorumEpoch(response) => &response.leadership,
            Self::Fetch(response) => &response.leadership,
            Self::FetchSnapshot(response) => &response.leadership,
            Self::AddVoter(response)
            | Self::RemoveVoter(response)
            | Self::UpdateVoter(response) => &response.leadership,
        }
    }
}
