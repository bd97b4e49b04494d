//! How the rest of the process reaches the metadata thread.

use barnabas_controller::Request;
use barnabas_quorum::QuorumView;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::thread::{Answer, Command, MetadataThread};

/// Nobody answered as the active controller; the same request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this node is not the active controller")]
pub struct NotController;

/// Asks the metadata thread.
#[derive(Clone, Debug)]
pub struct MetadataLink {
    commands: mpsc::Sender<Command>,
}

impl MetadataLink {
    /// A link to a thread.
    #[must_use]
    pub fn new(thread: &MetadataThread) -> Self {
        Self { commands: thread.commands.clone() }
    }

    /// Asks the active controller; the answer comes when it is committed.
    ///
    /// # Errors
    /// [`NotController`] when this node is not the active one or stops to be.
    pub async fn ask(&self, request: Request) -> Result<Answer, NotController> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Ask { request: Box::new(request), reply })?;
        answer.await.map_err(|_| NotController)
    }

    /// How far the replicas of the quorum are.
    ///
    /// # Errors
    /// [`NotController`] when this node does not lead.
    pub async fn describe_quorum(&self) -> Result<QuorumView, NotController> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Describe { reply })?;
        answer.await.map_err(|_| NotController)
    }

    /// Hands a request of another member to the quorum.
    ///
    /// # Errors
    /// [`NotController`] when the thread has stopped or has too much to do.
    pub async fn peer(
        &self,
        request: barnabas_quorum::Request,
    ) -> Result<barnabas_quorum::Response, NotController> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Peer { request, reply })?;
        answer.await.map_err(|_| NotController)
    }

    /// Stops the thread when everything is durable.
    pub async fn shut_down(&self) {
        let (reply, done) = oneshot::channel();
        if self.send(Command::Shutdown { reply }).is_ok() {
            // An error means that it had stopped already.
            let _ = done.await;
        }
    }

    fn send(&self, command: Command) -> Result<(), NotController> {
        self.commands.try_send(command).map_err(|error| {
            if matches!(error, TrySendError::Full(_)) {
                tracing::warn!("the metadata thread has more to do than it may");
            }
            NotController
        })
    }
}
