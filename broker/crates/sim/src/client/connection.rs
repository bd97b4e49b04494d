//! A connection with requests in flight.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use barnabas_wire::{Decoder, Message, Request, ResponseHeader, encode_request};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::network::{HostNetwork, SimStream};

/// How long a client waits for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Frames of a broker are shorter, unless it is broken.
const FRAME_MAX: usize = 64 << 20;

/// The connection ended, or no answer came: the request was done or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection was lost")]
pub struct Lost;

/// A connection to a broker; clones share it. Answers come in the order of the requests.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    shared: Arc<Shared>,
    writer: Arc<tokio::sync::Mutex<WriteHalf<SimStream>>>,
}

#[derive(Debug)]
struct Shared {
    pending: Mutex<VecDeque<(i32, oneshot::Sender<Bytes>)>>,
    next: AtomicI32,
    closed: AtomicBool,
    reader: Mutex<Option<AbortHandle>>,
}

/// An answer that is awaited.
#[derive(Debug)]
pub(super) struct Answer<R> {
    connection: Connection,
    version: i16,
    frame: oneshot::Receiver<Bytes>,
    request: PhantomData<fn() -> R>,
}

impl Connection {
    pub(super) async fn open(network: &HostNetwork, to: SocketAddr) -> Result<Self, Lost> {
        let opened = tokio::time::timeout(CONNECT, network.connect(to)).await;
        let stream = opened.map_err(|_| Lost)?.map_err(|_| Lost)?;
        let (reader, writer) = split(stream);
        let shared = Arc::new(Shared {
            pending: Mutex::default(),
            next: AtomicI32::new(1),
            closed: AtomicBool::new(false),
            reader: Mutex::default(),
        });
        let task = tokio::spawn(receive(reader, Arc::clone(&shared)));
        *lock(&shared.reader) = Some(task.abort_handle());
        Ok(Self { shared, writer: Arc::new(tokio::sync::Mutex::new(writer)) })
    }

    pub(super) fn is_open(&self) -> bool {
        !self.shared.closed.load(Ordering::Relaxed)
    }

    pub(super) fn close(&self) {
        self.shared.close();
        if let Some(reader) = lock(&self.shared.reader).take() {
            reader.abort();
        }
    }

    /// Sends a request; the answer may be awaited later.
    pub(super) async fn send<R: Request>(
        &self,
        version: i16,
        request: &R,
    ) -> Result<Answer<R>, Lost> {
        let correlation = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let frame = encode_request(version, correlation, Some("sim"), request).map_err(|_| Lost)?;
        let (sender, receiver) = oneshot::channel();
        let mut writer = self.writer.lock().await;
        if !self.is_open() {
            return Err(Lost);
        }
        lock(&self.shared.pending).push_back((correlation, sender));
        if writer.write_all(&frame.bytes).await.is_err() {
            self.close();
            return Err(Lost);
        }
        Ok(Answer { connection: self.clone(), version, frame: receiver, request: PhantomData })
    }

    pub(super) async fn call<R: Request>(
        &self,
        version: i16,
        request: &R,
        timeout: Duration,
    ) -> Result<R::Response, Lost> {
        let called = async { self.send(version, request).await?.receive(timeout).await };
        let Ok(answer) = tokio::time::timeout(timeout, called).await else {
            self.close();
            return Err(Lost);
        };
        answer
    }
}

impl<R: Request> Answer<R> {
    /// Waits for the answer; without one in time, the connection is given up.
    pub(super) async fn receive(self, timeout: Duration) -> Result<R::Response, Lost> {
        let Ok(Ok(frame)) = tokio::time::timeout(timeout, self.frame).await else {
            self.connection.close();
            return Err(Lost);
        };
        let mut decoder = Decoder::new(frame);
        ResponseHeader::decode(&mut decoder, R::KEY, self.version).map_err(|_| Lost)?;
        R::Response::decode(&mut decoder, self.version).map_err(|_| Lost)
    }
}

impl Shared {
    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        // Dropped senders tell those who wait.
        lock(&self.pending).clear();
    }
}

async fn receive(mut reader: ReadHalf<SimStream>, shared: Arc<Shared>) {
    while let Some((correlation, frame)) = next_frame(&mut reader).await {
        let waiting = lock(&shared.pending).pop_front();
        match waiting {
            Some((expected, sender)) if expected == correlation => {
                let _ = sender.send(frame);
            }
            _ => break,
        }
    }
    shared.close();
}

async fn next_frame(reader: &mut ReadHalf<SimStream>) -> Option<(i32, Bytes)> {
    let size = usize::try_from(reader.read_i32().await.ok()?).ok()?;
    if !(4..=FRAME_MAX).contains(&size) {
        return None;
    }
    let mut frame = vec![0; size];
    reader.read_exact(&mut frame).await.ok()?;
    let correlation = i32::from_be_bytes(*frame.first_chunk()?);
    Some((correlation, frame.into()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
