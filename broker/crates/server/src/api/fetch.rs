//! Fetch: finds records, waits for some if there are too few, and answers with file ranges.

mod answer;
mod metadata;
mod plan;
mod round;

use std::sync::{Arc, PoisonError};

use barnabas_replication::{SessionCache, SessionError};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::fetch::{FetchRequest, FetchResponse};

use super::{IntoReply, Reply, RequestContext};
use crate::net::ListenerRole;
use crate::node::Node;
use plan::SessionKey;
use round::Fetch;

/// The fetch sessions of a broker.
pub type FetchSessions = SessionCache<SessionKey>;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: FetchRequest,
) -> Reply<FetchResponse> {
    if ctx.connection.role == ListenerRole::Controller {
        return metadata::handle(node, ctx, request).await.into_reply();
    }
    let mut fetch = Fetch::new(node, ctx, &request);
    let asked = plan::session_request(ctx, request);
    let planned = sessions(node).plan(asked, node.clock.monotonic_ms());
    let plan = match planned {
        Ok(plan) => plan,
        Err(error) => return refused(error),
    };
    let mut round = fetch.read(&plan);
    // Where the follower is was told by the request, not by the wait that follows.
    fetch.told();
    if let Some(wait) = fetch.wait_for(&round) {
        let progress = |key: &_| {
            let replica = node.partitions.get(key)?;
            let any_replica = !fetch.leader_only();
            replica.inspect(|core| (any_replica || core.is_leader()).then(|| core.progress()))
        };
        let waiters = &node.partitions.waiters;
        waiters.fetch(wait, fetch.min_bytes, fetch.deadline_ms, progress).await;
        round = fetch.read_again(&plan, round);
    }
    let answered: Vec<_> = round.iter().map(round::Outcome::answered).collect();
    let answer = sessions(node).answer(&plan, &answered, node.clock.monotonic_ms());
    match answer {
        Ok(answer) => {
            let reply = answer::build(node, ctx, &plan, round, &answer);
            fetch.sent(reply.message.as_ref());
            reply
        }
        Err(error) => refused(error),
    }
}

fn sessions(node: &Node) -> std::sync::MutexGuard<'_, FetchSessions> {
    node.sessions.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(error: SessionError) -> Reply<FetchResponse> {
    let error_code = match error {
        SessionError::NotFound => ErrorCode::FETCH_SESSION_ID_NOT_FOUND,
        SessionError::InvalidEpoch => ErrorCode::INVALID_FETCH_SESSION_EPOCH,
        SessionError::TopicIds => ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR,
        _ => ErrorCode::UNKNOWN_SERVER_ERROR,
    };
    let message = FetchResponse { error_code, ..FetchResponse::default() };
    Reply { message: Some(message), files: Vec::new() }
}
