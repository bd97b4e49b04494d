//! A connection to one peer, opened when it is needed and opened again when it broke.

use std::sync::Arc;
use std::time::Duration;

use barnabas_wire::{Decoder, Message, Request, ResponseHeader, VersionRange};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::backoff::Backoff;
use super::job::{Answer, Job};
use super::link::Link;
use super::{Dialer, PeerAddress, PeerError};
use crate::machine;

/// Requests that may wait to be sent; senders wait beyond.
const QUEUE: usize = 64;
/// Longest time for a connection to come about, versions included. Kafka's
/// `socket.connection.setup.timeout.ms` is 10 s, longer than a fail-over may take.
const SETUP: Duration = Duration::from_secs(2);

/// A pipelined connection to one peer. Its task ends when this is dropped.
#[derive(Debug)]
pub struct PeerConnection {
    jobs: mpsc::Sender<Job>,
    client_id: String,
}

impl PeerConnection {
    /// A connection that is opened by its first request. `max_frame` bounds responses, in bytes.
    #[must_use]
    pub fn new(
        dialer: Arc<dyn Dialer>,
        to: PeerAddress,
        client_id: String,
        max_frame: usize,
    ) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        machine::spawn(run(dialer, to, max_frame, queue));
        Self { jobs, client_id }
    }

    /// Sends a request in the highest version that both sides know, and waits for the answer.
    ///
    /// # Errors
    /// [`PeerError`]. While the pause after a failed attempt to connect lasts, at once with that
    /// attempt's error.
    pub async fn call<R: Request + Send + 'static>(
        &self,
        request: R,
        limit: Duration,
    ) -> Result<R::Response, PeerError> {
        let VersionRange { min, .. } = R::KEY.versions();
        let versions = VersionRange { min, max: R::KEY.latest_stable_version() };
        self.call_in(versions, request, limit).await
    }

    /// As [`PeerConnection::call`], in a version of the range.
    ///
    /// # Errors
    /// [`PeerError`].
    pub async fn call_in<R: Request + Send + 'static>(
        &self,
        versions: VersionRange,
        request: R,
        limit: Duration,
    ) -> Result<R::Response, PeerError> {
        let (reply, answer) = oneshot::channel();
        let deadline = Instant::now() + limit;
        let job = Job::new(request, versions, self.client_id.clone(), deadline, reply);
        let answered = async {
            self.jobs.send(job).await.map_err(|_| PeerError::Disconnected)?;
            answer.await.map_err(|_| PeerError::Disconnected)?
        };
        let Ok(answer) = timeout(limit, answered).await else {
            return Err(PeerError::Timeout(limit));
        };
        let Answer { version, frame } = answer?;
        let mut body = Decoder::new(frame);
        ResponseHeader::decode(&mut body, R::KEY, version)?;
        Ok(R::Response::decode(&mut body, version)?)
    }
}

async fn run(
    dialer: Arc<dyn Dialer>,
    to: PeerAddress,
    max_frame: usize,
    mut jobs: mpsc::Receiver<Job>,
) {
    let mut backoff = Backoff::default();
    while let Some(job) = jobs.recv().await {
        if let Some(error) = backoff.refusal() {
            job.fail(error);
            continue;
        }
        let opened = timeout(SETUP, open(dialer.as_ref(), &to, max_frame)).await;
        match opened.unwrap_or(Err(PeerError::Timeout(SETUP))) {
            Ok(link) => {
                backoff.succeeded();
                match link.serve(job, &mut jobs).await {
                    Some(error) => tracing::debug!(peer = %to, %error, "connection lost"),
                    None => return,
                }
            }
            Err(error) => {
                tracing::debug!(peer = %to, %error, "cannot connect");
                backoff.failed(error);
                job.fail(error);
            }
        }
    }
}

async fn open(dialer: &dyn Dialer, to: &PeerAddress, max_frame: usize) -> Result<Link, PeerError> {
    let dialed = dialer.dial(&to.host, to.port).await;
    let stream = dialed.map_err(|error| PeerError::Unreachable(error.kind()))?;
    Link::negotiate(stream, max_frame).await
}
