//! One connection: requests are processed side by side and answered in the order they came.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use super::input::Input;
use super::outbox::Outbox;
use super::{FrameError, ListenerRole, Stream};
use crate::access::Principal;
use crate::api::{Answered, BadRequest, Pending, start};
use crate::node::Node;

/// What is known about a connection for as long as it lives.
#[derive(Clone, Debug)]
pub struct ConnectionContext {
    /// Name of the listener that accepted it.
    pub listener: Arc<str>,
    /// What that listener is for.
    pub role: ListenerRole,
    /// The other side.
    pub peer: SocketAddr,
    /// Who the connection acts for.
    pub principal: Principal,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("closed by the client")]
    Closed,
    #[error("nothing was sent for too long")]
    Idle,
    #[error("a request or response made no progress for too long")]
    Stalled,
    #[error("the broker is shutting down")]
    Stopped,
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Request(#[from] BadRequest),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Serves a connection until either side ends it.
///
/// When `stop` turns true, requests that were read are still answered, and no more are read.
pub async fn serve<S: Stream>(
    stream: S,
    context: Arc<ConnectionContext>,
    node: Arc<Node>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connection = Connection::new(stream, Arc::clone(&context), node);
    let end = tokio::select! {
        biased;
        end = poll_fn(|cx| connection.poll(cx)) => end,
        () = stopped(&mut stop) => {
            connection.draining = true;
            poll_fn(|cx| connection.poll(cx)).await
        }
    };
    match end {
        End::Closed | End::Idle | End::Stopped | End::Io(_) => {
            tracing::debug!(peer = %context.peer, reason = %end, "connection closed");
        }
        End::Stalled | End::Frame(_) | End::Request(_) => {
            tracing::info!(peer = %context.peer, reason = %end, "connection closed");
        }
    }
}

/// Returns when the broker begins to stop, or has forgotten how to.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

struct Connection<S> {
    stream: S,
    context: Arc<ConnectionContext>,
    node: Arc<Node>,
    input: Input,
    /// Requests in the order they came; the responses leave in this order.
    requests: VecDeque<Slot>,
    outbox: Outbox,
    timer: Pin<Box<Sleep>>,
    /// When bytes last came in or went out.
    active: Instant,
    /// When [`Connection::timer`] fires.
    armed: Instant,
    /// Until when nothing is read, because a quota was exceeded.
    muted_until: Option<Instant>,
    end_of_input: bool,
    draining: bool,
}

enum Slot {
    Running(Pending),
    Done(Answered),
}

impl<S: Stream> Connection<S> {
    fn new(stream: S, context: Arc<ConnectionContext>, node: Arc<Node>) -> Self {
        let active = Instant::now();
        let armed = active + node.limits.max_idle;
        Self {
            stream,
            context,
            input: Input::new(node.limits.max_frame_bytes),
            node,
            requests: VecDeque::new(),
            outbox: Outbox::default(),
            timer: Box::pin(sleep_until(armed)),
            active,
            armed,
            muted_until: None,
            end_of_input: false,
            draining: false,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        match self.advance(cx) {
            Err(end) => Poll::Ready(end),
            Ok(()) => self.poll_timer(cx),
        }
    }

    /// Does everything that can be done now.
    fn advance(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        self.poll_requests(cx)?;
        loop {
            self.start_requests(cx)?;
            self.collect_answers();
            let before = self.outbox.sent();
            if let Poll::Ready(result) = self.outbox.poll_write(cx, &mut self.stream) {
                result?;
            }
            if before != self.outbox.sent() {
                self.active = Instant::now();
            }
            if self.may_start() && self.input.has_frame() {
                // What was written has made room for more of what is buffered.
                continue;
            }
            if self.finished() {
                return Err(if self.draining { End::Stopped } else { End::Closed });
            }
            if !self.may_read() {
                return Ok(());
            }
            match self.input.poll_fill(cx, &mut self.stream) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => self.end_of_input = true,
                Poll::Ready(Ok(_)) => self.active = Instant::now(),
                Poll::Ready(Err(error)) => return Err(error.into()),
            }
        }
    }

    fn poll_requests(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        for slot in &mut self.requests {
            if let Slot::Running(pending) = slot
                && let Poll::Ready(answered) = pending.as_mut().poll(cx)
            {
                *slot = Slot::Done(answered?);
            }
        }
        Ok(())
    }

    /// Starts the requests that arrived whole. Each runs until it has to wait, before the next
    /// one is looked at: what a client sends first also happens first.
    fn start_requests(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        while self.may_start() {
            let Some(frame) = self.input.next_frame()? else { break };
            let mut pending = start(&self.node, &self.context, frame)?;
            let slot = match pending.as_mut().poll(cx) {
                Poll::Ready(answered) => Slot::Done(answered?),
                Poll::Pending => Slot::Running(pending),
            };
            self.requests.push_back(slot);
        }
        Ok(())
    }

    /// Moves the responses whose turn it is to the outbox.
    fn collect_answers(&mut self) {
        while let Some(Slot::Done(_)) = self.requests.front() {
            let Some(Slot::Done(answered)) = self.requests.pop_front() else { return };
            if let Some(outgoing) = answered.outgoing {
                self.outbox.push(outgoing);
            }
            if answered.throttle > Duration::ZERO {
                let until = Instant::now() + answered.throttle;
                self.muted_until = self.muted_until.max(Some(until));
            }
        }
    }

    fn may_start(&self) -> bool {
        !self.draining
            && self.muted_until.is_none()
            && self.requests.len() < self.node.limits.max_in_flight
            && self.outbox.memory() < self.node.limits.max_unsent_bytes
    }

    fn may_read(&self) -> bool {
        self.may_start() && !self.end_of_input
    }

    /// Whether there is nothing left to do: the broker stops and all is answered, or the client
    /// has hung up (as in Kafka, one that closes its half does not wait for answers) and all that
    /// it sent was begun.
    fn finished(&self) -> bool {
        let answered = self.requests.is_empty() && self.outbox.is_empty();
        let hung_up = self.end_of_input && !self.input.has_frame();
        (self.draining && answered) || (hung_up && self.outbox.is_empty())
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let due = self.next_check();
        if due < self.armed {
            self.arm(due);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if self.muted_until.is_some_and(|until| until <= now) {
                self.muted_until = None;
                cx.waker().wake_by_ref();
            }
            let limits = &self.node.limits;
            let still = now.duration_since(self.active);
            if self.is_busy() && still >= limits.max_stall {
                return Poll::Ready(End::Stalled);
            }
            if self.requests.is_empty() && still >= limits.max_idle {
                return Poll::Ready(End::Idle);
            }
            self.input.release();
            let next = self.next_check().max(now + Duration::from_millis(1));
            self.arm(next);
        }
        Poll::Pending
    }

    /// Whether the peer has to do something: finish its request or take a response.
    fn is_busy(&self) -> bool {
        (self.input.is_partial() && self.may_read()) || !self.outbox.is_empty()
    }

    fn next_check(&self) -> Instant {
        let limits = &self.node.limits;
        let patience = if self.is_busy() { limits.max_stall } else { limits.max_idle };
        let due = self.active + patience.min(limits.max_idle);
        self.muted_until.map_or(due, |until| until.min(due))
    }

    fn arm(&mut self, at: Instant) {
        self.armed = at;
        self.timer.as_mut().reset(at);
    }
}
