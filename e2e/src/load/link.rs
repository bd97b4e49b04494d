//! Connections to brokers with pipelined requests, time limits and a backoff before they are
//! opened again: what Kafka's `NetworkClient` does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use barnabas_wire::{Decoder, Message, Request, ResponseHeader};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::Patience;
use crate::kafka;

/// There was no answer: the connection ended, could not be opened, or the time was over. The
/// request may have had its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAnswer;

/// The connections to all brokers.
pub struct Links {
    links: Mutex<BTreeMap<String, Link>>,
    patience: Patience,
}

struct Link {
    calls: mpsc::UnboundedSender<Call>,
    state: Arc<State>,
    opened: Instant,
    failures: u32,
}

#[derive(Default)]
struct State {
    is_connected: AtomicBool,
    under_way: AtomicUsize,
}

struct Call {
    frame: Bytes,
    deadline: Instant,
    reply: oneshot::Sender<Bytes>,
}

impl Links {
    /// No connection yet.
    pub fn new(patience: Patience) -> Self {
        Self { links: Mutex::default(), patience }
    }

    /// Sends a request to the broker at an address and waits for the response.
    ///
    /// # Errors
    /// When there is none within the limit.
    pub async fn call<R: Request>(
        &self,
        address: &str,
        request: &R,
        version: i16,
    ) -> Result<R::Response, NoAnswer> {
        let frame = kafka::frame(request, version).map_err(|_| NoAnswer)?;
        let (reply, answer) = oneshot::channel();
        let deadline = Instant::now() + self.patience.request;
        let state = self.send(address, Call { frame, deadline, reply })?;
        let _counted = Counted::new(&state);
        let mut decoder = Decoder::new(answer.await.map_err(|_| NoAnswer)?);
        ResponseHeader::decode(&mut decoder, R::KEY, version).map_err(|_| NoAnswer)?;
        R::Response::decode(&mut decoder, version).map_err(|_| NoAnswer)
    }

    /// How busy the connection to an address is: those that may be opened only later come last.
    pub fn load_of(&self, address: &str) -> usize {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        match links.get(address) {
            None => 0,
            Some(link) if link.calls.is_closed() => usize::MAX,
            Some(link) => link.state.under_way.load(Ordering::Relaxed),
        }
    }

    fn send(&self, address: &str, call: Call) -> Result<Arc<State>, NoAnswer> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let mut failures = 0;
        if let Some(link) = links.get(address) {
            if !link.calls.is_closed() {
                link.calls.send(call).map_err(|_| NoAnswer)?;
                return Ok(Arc::clone(&link.state));
            }
            if !link.state.is_connected.load(Ordering::Relaxed) {
                failures = link.failures + 1;
            }
            if now < link.opened + self.patience.reconnect.after(failures) {
                return Err(NoAnswer);
            }
        }
        let (calls, queue) = mpsc::unbounded_channel();
        let state = Arc::new(State::default());
        let connection = run(address.to_owned(), queue, Arc::clone(&state), self.patience.connect);
        tokio::spawn(connection);
        calls.send(call).map_err(|_| NoAnswer)?;
        let link = Link { calls, state: Arc::clone(&state), opened: now, failures };
        links.insert(address.to_owned(), link);
        Ok(state)
    }
}

/// Counts a request while it lives.
struct Counted<'a>(&'a State);

impl<'a> Counted<'a> {
    fn new(state: &'a State) -> Self {
        state.under_way.fetch_add(1, Ordering::Relaxed);
        Self(state)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// When it returns, every call that has no response fails.
async fn run(
    address: String,
    calls: mpsc::UnboundedReceiver<Call>,
    state: Arc<State>,
    limit: Duration,
) {
    let Ok(Ok(stream)) = timeout(limit, TcpStream::connect(address)).await else { return };
    if stream.set_nodelay(true).is_err() {
        return;
    }
    state.is_connected.store(true, Ordering::Relaxed);
    let (reader, writer) = stream.into_split();
    let (sent, expected) = mpsc::unbounded_channel();
    tokio::select! {
        biased;
        () = receive(reader, expected) => {}
        () = transmit(writer, calls, sent) => {}
    }
}

async fn transmit(
    mut writer: OwnedWriteHalf,
    mut calls: mpsc::UnboundedReceiver<Call>,
    sent: mpsc::UnboundedSender<(Instant, oneshot::Sender<Bytes>)>,
) {
    while let Some(call) = calls.recv().await {
        // The response is expected before the request is out: its time runs from the call.
        if sent.send((call.deadline, call.reply)).is_err() {
            return;
        }
        if writer.write_all(&call.frame).await.is_err() {
            return;
        }
    }
}

async fn receive(
    mut reader: OwnedReadHalf,
    mut expected: mpsc::UnboundedReceiver<(Instant, oneshot::Sender<Bytes>)>,
) {
    let mut buffer = BytesMut::new();
    while let Some((deadline, reply)) = expected.recv().await {
        match timeout_at(deadline, response(&mut reader, &mut buffer)).await {
            // Who asked may have given up.
            Ok(Some(body)) => drop(reply.send(body)),
            _ => return,
        }
    }
}

async fn response(reader: &mut OwnedReadHalf, buffer: &mut BytesMut) -> Option<Bytes> {
    loop {
        if let Some(size) = buffer.first_chunk::<4>() {
            let size = usize::try_from(i32::from_be_bytes(*size)).ok()?;
            if let Some(whole) = size.checked_add(4).filter(|whole| buffer.len() >= *whole) {
                let frame = buffer.split_to(whole).freeze();
                return Some(frame.slice(4..));
            }
        }
        if reader.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
