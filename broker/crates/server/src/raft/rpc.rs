//! The quorum's requests on the wire, from the side that asks: one file per API.

mod add_voter;
mod begin_quorum_epoch;
mod end_quorum_epoch;
mod fetch;
mod fetch_snapshot;
mod remove_voter;
mod update_voter;
mod vote;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use barnabas_quorum::{Endpoint, Epoch, Leadership, NodeId, Request, Response};
use barnabas_wire::ErrorCode;

use super::METADATA_TOPIC as TOPIC;
use crate::peer::{PeerAddress, PeerError, Peers};

/// What a request came to.
#[derive(Debug)]
pub(super) enum Reply {
    Answered(Response),
    /// Nobody listens there.
    Refused,
    /// Not delivered, not answered in time, or answered with nonsense.
    Unreachable,
    /// The peer does not know the version that the request needs.
    Unsupported,
}

/// Connections of the quorum to its members. A Fetch waits at the leader, so it has connections
/// of its own.
#[derive(Debug)]
pub(super) struct Carrier {
    pub(super) elections: Peers,
    pub(super) fetches: Peers,
    /// `controller.quorum.request.timeout.ms`.
    pub(super) limit: Duration,
    /// The listener that endpoints in answers are of.
    pub(super) listener: String,
    /// It was said that a peer belongs to another cluster.
    pub(super) warned: AtomicBool,
}

impl Carrier {
    pub(super) async fn ask(&self, to: &PeerAddress, request: Request) -> Reply {
        let (elections, limit) = (&self.elections, self.limit);
        let answered = match request {
            Request::Vote(request) => {
                let answer = elections.call(to, vote::request(request), limit).await;
                answer.map(|answer| vote::response(answer, &self.listener))
            }
            Request::BeginQuorumEpoch(request) => {
                let request = begin_quorum_epoch::request(request);
                let answer = elections.call(to, request, limit).await;
                answer.map(|answer| begin_quorum_epoch::response(answer, &self.listener))
            }
            Request::EndQuorumEpoch(request) => {
                let answer = elections.call(to, end_quorum_epoch::request(request), limit).await;
                answer.map(|answer| end_quorum_epoch::response(answer, &self.listener))
            }
            Request::Fetch(request) => {
                let request = fetch::request(request);
                let answer = self.fetches.call_in(to, fetch::VERSIONS, request, limit).await;
                answer.map(|answer| fetch::response(answer, &self.listener))
            }
            Request::FetchSnapshot(request) => {
                let request = fetch_snapshot::request(request);
                let answer = self.fetches.call(to, request, limit).await;
                answer.map(|answer| fetch_snapshot::response(answer, &self.listener))
            }
            Request::AddVoter(request) => {
                let answer = elections.call(to, add_voter::request(request), limit).await;
                answer.map(|answer| Some(add_voter::response(&answer)))
            }
            Request::RemoveVoter(request) => {
                let answer = elections.call(to, remove_voter::request(request), limit).await;
                answer.map(|answer| Some(remove_voter::response(&answer)))
            }
            Request::UpdateVoter(request) => {
                let answer = elections.call(to, update_voter::request(request), limit).await;
                answer.map(|answer| Some(update_voter::response(answer, &self.listener)))
            }
        };
        match answered {
            Ok(Some(response)) => {
                let foreign = response.error() == ErrorCode::INCONSISTENT_CLUSTER_ID;
                if foreign && !self.warned.swap(true, Ordering::Relaxed) {
                    tracing::error!(peer = %to, "this controller belongs to another cluster");
                }
                Reply::Answered(response)
            }
            Ok(None) => {
                tracing::warn!(peer = %to, "an answer without the metadata partition");
                Reply::Unreachable
            }
            Err(PeerError::Unsupported(_) | PeerError::Encode(_)) => Reply::Unsupported,
            Err(error) => {
                tracing::debug!(peer = %to, %error, "no answer from the quorum");
                if error.is_refusal() { Reply::Refused } else { Reply::Unreachable }
            }
        }
    }
}

/// What an answer says about the leader.
fn leadership(
    leader: i32,
    epoch: i32,
    endpoint: Option<(String, u16)>,
    listener: &str,
) -> Leadership {
    let endpoint =
        endpoint.map(|(host, port)| Endpoint { listener: listener.to_owned(), host, port });
    Leadership { epoch: Epoch(epoch), leader: (leader >= 0).then_some(NodeId(leader)), endpoint }
}

/// The error of the whole request, else that of its partition.
fn either(whole: ErrorCode, partition: ErrorCode) -> ErrorCode {
    if whole == ErrorCode::NONE { partition } else { whole }
}

/// The only element, of a list that has to have one.
pub(crate) fn only<T>(mut items: Vec<T>) -> Option<T> {
    if items.len() == 1 { items.pop() } else { None }
}
