//! Changes of the quorum's voters, on their way to its leader.

use std::time::Duration;

use barnabas_quorum::{
    AddVoterRequest, Endpoint, NodeId, RemoveVoterRequest, ReplicaKey, Request, Response, Voter,
};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::add_raft_voter::AddRaftVoterRequest;
use barnabas_wire::api::api_versions::ApiVersionsRequest;
use barnabas_wire::api::remove_raft_voter::RemoveRaftVoterRequest;

use crate::peer::{PeerAddress, Peers};
use crate::raft::MetadataLink;

/// The feature whose range a voter must support.
const KRAFT_VERSION: &str = "kraft.version";
/// How long a new voter may take to say what it supports.
const ASK_VERSIONS: Duration = Duration::from_secs(2);

/// What is wanted.
#[derive(Clone, Debug)]
pub enum VoterChange {
    /// A voter more.
    Add(AddRaftVoterRequest),
    /// A voter less.
    Remove(RemoveRaftVoterRequest),
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoterChanged {
    /// `NONE` when it is done.
    pub code: ErrorCode,
    /// What to tell whoever asked.
    pub message: Option<String>,
}

impl VoterChanged {
    fn of(code: ErrorCode, message: &str) -> Self {
        let message = (code != ErrorCode::NONE).then(|| message.to_owned());
        Self { code, message }
    }

    /// Whether somebody else leads.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self.code, ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::NOT_CONTROLLER)
    }
}

/// Hands a change to the quorum of this process.
pub(super) async fn change_here(
    link: &MetadataLink,
    peers: &Peers,
    change: VoterChange,
) -> VoterChanged {
    let not_leader = "this node does not lead the metadata quorum";
    let asked = match change {
        VoterChange::Add(request) => match addition(peers, request).await {
            Ok(asked) => asked,
            Err(refused) => return refused,
        },
        VoterChange::Remove(request) => Request::RemoveVoter(RemoveVoterRequest {
            cluster_id: request.cluster_id,
            key: ReplicaKey::new(NodeId(request.voter_id), request.voter_directory_id),
        }),
    };
    match link.peer(asked).await {
        Ok(Response::AddVoter(answer) | Response::RemoveVoter(answer)) => {
            VoterChanged::of(answer.error, explanation(answer.error))
        }
        Ok(_) => VoterChanged::of(ErrorCode::UNKNOWN_SERVER_ERROR, "another answer was expected"),
        Err(_) => VoterChanged::of(ErrorCode::NOT_LEADER_OR_FOLLOWER, not_leader),
    }
}

/// Asks the new voter itself what it supports.
async fn addition(peers: &Peers, request: AddRaftVoterRequest) -> Result<Request, VoterChanged> {
    let refuse = |code, message: &str| Err(VoterChanged::of(code, message));
    if request.voter_id < 0 || request.voter_directory_id.is_zero() {
        return refuse(ErrorCode::INVALID_REQUEST, "a voter has an id and a directory id");
    }
    let Some(listener) = request.listeners.first() else {
        return refuse(ErrorCode::INVALID_REQUEST, "a voter has an endpoint");
    };
    let to = PeerAddress { id: request.voter_id, host: listener.host.clone(), port: listener.port };
    let question = ApiVersionsRequest {
        client_software_name: "barnabas".to_owned(),
        client_software_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let told = peers.call(&to, question, ASK_VERSIONS).await;
    peers.forget(to.id);
    let Ok(told) = told else {
        return refuse(ErrorCode::REQUEST_TIMED_OUT, "the new voter cannot be reached");
    };
    let supported = told.supported_features.iter().find(|known| known.name == KRAFT_VERSION);
    let (min, max) = supported.map_or((0, 0), |known| (known.min_version, known.max_version));
    let endpoints = request.listeners.into_iter().map(|listener| Endpoint {
        listener: listener.name,
        host: listener.host,
        port: listener.port,
    });
    Ok(Request::AddVoter(AddVoterRequest {
        cluster_id: request.cluster_id,
        timeout_ms: request.timeout_ms,
        voter: Voter {
            key: ReplicaKey::new(NodeId(request.voter_id), request.voter_directory_id),
            endpoints: endpoints.collect(),
            kraft_version_min: min,
            kraft_version_max: max,
        },
        ack_when_committed: request.ack_when_committed,
    }))
}

/// Hands a change to the leader elsewhere.
pub(super) async fn change_there(
    peers: &Peers,
    to: &PeerAddress,
    change: VoterChange,
    limit: Duration,
) -> Option<VoterChanged> {
    match change {
        VoterChange::Add(request) => {
            let answer = peers.call(to, request, limit).await.ok()?;
            Some(VoterChanged { code: answer.error_code, message: answer.error_message })
        }
        VoterChange::Remove(request) => {
            let answer = peers.call(to, request, limit).await.ok()?;
            Some(VoterChanged { code: answer.error_code, message: answer.error_message })
        }
    }
}

fn explanation(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::REQUEST_TIMED_OUT => {
            "another change is under way, or the new voter has not caught up, or the change took \
             too long: try again"
        }
        ErrorCode::DUPLICATE_VOTER => "a voter with this id exists",
        ErrorCode::VOTER_NOT_FOUND => "there is no such voter, or it is the last one",
        ErrorCode::UNSUPPORTED_VERSION => "voters can change from kraft.version 1 on",
        ErrorCode::INVALID_REQUEST => {
            "the voter does not support the kraft.version, or has no endpoint on the listener of \
             controllers"
        }
        ErrorCode::INCONSISTENT_CLUSTER_ID => "this is another cluster",
        _ => "the leader of the metadata quorum refused",
    }
}
