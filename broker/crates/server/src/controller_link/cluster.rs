//! The active controller of the cluster: in this process while it leads the quorum, else at the
//! other end of a connection.

use std::sync::{Arc, Weak};
use std::time::Duration;

use barnabas_controller::{Request, Response};
use barnabas_metadata::Image;
use barnabas_quorum::{Leadership, NodeId, QuorumView};
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::remote::{Remote, Verdict};
use super::voters::{change_here, change_there};
use super::{
    ControllerLink, ControllerUnavailable, QuorumState, VoterChange, VoterChanged, is_direct,
    repeat,
};
use crate::node::Node;
use crate::peer::{Dialer, PeerAddress};
use crate::raft::{MetadataLink, MetadataThread};

/// How long a request is tried, over elections and broken connections (`request.timeout.ms`).
const ASK: Duration = Duration::from_secs(30);
/// Pause after an attempt that failed, if no other leader becomes known before.
const RETRY: Duration = Duration::from_millis(20);
/// How long the controller that has just answered may take to say how far its log is.
const SOON: Duration = Duration::from_secs(2);
/// How long an answer waits until this node has applied what it says. Longer only when a disk is
/// stuck; the client then sees the effect a little later.
const APPLY: Duration = Duration::from_secs(10);

/// The way to the active controller, wherever it is.
#[derive(Debug)]
pub struct ClusterController {
    id: NodeId,
    /// Whose metadata shows what a request has done.
    node: Weak<Node>,
    link: MetadataLink,
    leadership: watch::Receiver<Leadership>,
    kraft_version: watch::Receiver<i16>,
    /// The end of the image that is in effect on this node.
    applied: watch::Receiver<i64>,
    remote: Remote,
}

impl ClusterController {
    /// The controller as seen from a node with a metadata thread.
    #[must_use]
    pub fn new(
        node: &Arc<Node>,
        thread: &MetadataThread,
        applied: watch::Receiver<i64>,
        dialer: &Arc<dyn Dialer>,
    ) -> Self {
        let id = node.identity.node_id;
        Self {
            id: NodeId(id),
            node: Arc::downgrade(node),
            link: MetadataLink::new(thread),
            leadership: thread.leadership.clone(),
            kraft_version: thread.kraft_version.clone(),
            applied,
            remote: Remote::new(dialer, id),
        }
    }

    async fn ask_here(&self, request: Request) -> Result<Response, ControllerUnavailable> {
        let answer = self.link.ask(request).await.map_err(|_| ControllerUnavailable)?;
        self.visible(answer.end_offset).await;
        Ok(answer.response)
    }

    async fn visible(&self, end_offset: i64) {
        let mut applied = self.applied.clone();
        let visible = applied.wait_for(|applied| *applied >= end_offset);
        if timeout(APPLY, visible).await.is_err() {
            tracing::warn!(offset = end_offset, "metadata is applied slowly");
        }
    }

    fn image(&self) -> Arc<Image> {
        self.node.upgrade().map(|node| node.image.load_full()).unwrap_or_default()
    }

    async fn ask_anywhere(&self, request: Request) -> Result<Response, ControllerUnavailable> {
        let deadline = Instant::now() + ASK;
        let mut leadership = self.leadership.clone();
        let before = self.image();
        // Whether an earlier attempt may have done what is asked.
        let mut maybe_done = false;
        loop {
            let now = leadership.borrow_and_update().clone();
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ControllerUnavailable);
            }
            let mut sent = request.clone();
            if maybe_done {
                sent = repeat::again(sent, &before);
            }
            let attempt = self.attempt(&now, sent, left);
            tokio::select! {
                biased;
                verdict = attempt => match verdict {
                    Verdict::Answered(response) if maybe_done => {
                        return Ok(repeat::settle(&request, response, &before, &self.image()));
                    }
                    Verdict::Answered(response) => return Ok(response),
                    verdict => {
                        maybe_done |= matches!(verdict, Verdict::Unknown);
                        pause(&mut leadership, deadline).await;
                    }
                },
                // Whoever was asked leads no longer, and may never answer.
                () = deposed(self.leadership.clone(), now.leader) => {
                    maybe_done |= now.leader.is_some();
                }
            }
        }
    }

    async fn attempt(&self, now: &Leadership, request: Request, left: Duration) -> Verdict {
        match (now.leader, &now.endpoint) {
            (Some(leader), _) if leader == self.id => match self.ask_here(request).await {
                Ok(response) => Verdict::Answered(response),
                Err(ControllerUnavailable) => Verdict::Unknown,
            },
            (Some(NodeId(id)), Some(endpoint)) => {
                let to = PeerAddress { id, host: endpoint.host.clone(), port: endpoint.port };
                self.ask_there(&to, request, left).await
            }
            _ => Verdict::Unheard,
        }
    }

    async fn ask_there(&self, to: &PeerAddress, request: Request, limit: Duration) -> Verdict {
        let seen = Remote::effect_is_seen(&request);
        let verdict = self.remote.ask(to, request, limit).await;
        if seen
            && matches!(verdict, Verdict::Answered(_))
            && let Some(view) = self.remote.describe_quorum(to, limit.min(SOON)).await
        {
            self.visible(view.high_watermark.unwrap_or(-1)).await;
        }
        verdict
    }

    async fn change_anywhere(
        &self,
        change: VoterChange,
    ) -> Result<VoterChanged, ControllerUnavailable> {
        let deadline = Instant::now() + ASK;
        let mut leadership = self.leadership.clone();
        let peers = &self.remote.others;
        while Instant::now() < deadline {
            let now = leadership.borrow_and_update().clone();
            let left = deadline.saturating_duration_since(Instant::now());
            let changed = match (now.leader, now.endpoint) {
                (Some(leader), _) if leader == self.id => {
                    Some(change_here(&self.link, peers, change.clone()).await)
                }
                (Some(NodeId(id)), Some(endpoint)) => {
                    let to = PeerAddress { id, host: endpoint.host, port: endpoint.port };
                    change_there(peers, &to, change.clone(), left).await
                }
                _ => None,
            };
            match changed.filter(|changed| !changed.is_refusal()) {
                Some(changed) => return Ok(changed),
                None => pause(&mut leadership, deadline).await,
            }
        }
        Err(ControllerUnavailable)
    }

    async fn describe_anywhere(&self) -> Result<QuorumView, ControllerUnavailable> {
        let deadline = Instant::now() + ASK;
        let mut leadership = self.leadership.clone();
        while Instant::now() < deadline {
            let now = leadership.borrow_and_update().clone();
            let left = deadline.saturating_duration_since(Instant::now());
            let view = match (now.leader, now.endpoint) {
                (Some(leader), _) if leader == self.id => self.link.describe_quorum().await.ok(),
                (Some(NodeId(id)), Some(endpoint)) => {
                    let to = PeerAddress { id, host: endpoint.host, port: endpoint.port };
                    tokio::select! {
                        biased;
                        view = self.remote.describe_quorum(&to, left) => view,
                        _ = leadership.changed() => None,
                    }
                }
                _ => None,
            };
            match view {
                Some(view) => return Ok(view),
                None => pause(&mut leadership, deadline).await,
            }
        }
        Err(ControllerUnavailable)
    }
}

/// Waits until another node leads. While nobody does, a request that is under way may have been
/// heard: asking again could find its own work done.
async fn deposed(mut leadership: watch::Receiver<Leadership>, asked: Option<NodeId>) {
    let other = |now: &Leadership| now.leader.is_some() && now.leader != asked;
    if leadership.wait_for(other).await.is_err() {
        // This node stops; the request ends by itself.
        std::future::pending::<()>().await;
    }
}

/// Waits until another leader is known, or for a moment.
async fn pause(leadership: &mut watch::Receiver<Leadership>, deadline: Instant) {
    let moment = async {
        tokio::select! {
            biased;
            changed = leadership.changed() => if changed.is_err() { sleep(RETRY).await },
            () = sleep(RETRY) => {}
        }
    };
    // The caller looks at the time.
    let _ = timeout_at(deadline, moment).await;
}

impl ControllerLink for ClusterController {
    fn ask(&self, request: Request) -> BoxFuture<'_, Result<Response, ControllerUnavailable>> {
        Box::pin(async move {
            if is_direct() {
                let answer = self.link.ask(request).await.map_err(|_| ControllerUnavailable)?;
                return Ok(answer.response);
            }
            self.ask_anywhere(request).await
        })
    }

    fn describe_quorum(&self) -> BoxFuture<'_, Result<QuorumView, ControllerUnavailable>> {
        Box::pin(async move {
            if is_direct() {
                return self.link.describe_quorum().await.map_err(|_| ControllerUnavailable);
            }
            self.describe_anywhere().await
        })
    }

    fn quorum_state(&self) -> QuorumState {
        QuorumState {
            leader: self.leadership.borrow().leader.map(|NodeId(id)| id),
            kraft_version: *self.kraft_version.borrow(),
        }
    }

    fn change_voters(
        &self,
        change: VoterChange,
    ) -> BoxFuture<'_, Result<VoterChanged, ControllerUnavailable>> {
        Box::pin(async move {
            if is_direct() {
                return Ok(change_here(&self.link, &self.remote.others, change).await);
            }
            self.change_anywhere(change).await
        })
    }

    fn peer(
        &self,
        request: barnabas_quorum::Request,
    ) -> BoxFuture<'_, Result<barnabas_quorum::Response, ControllerUnavailable>> {
        Box::pin(async move { self.link.peer(request).await.map_err(|_| ControllerUnavailable) })
    }
}
