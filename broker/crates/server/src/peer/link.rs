//! An open connection: requests go out as they come, answers come back in order.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::job::{Answer, Job};
use super::versions::{self, Told, Versions};
use super::{PeerError, PeerStream};
use crate::net::Input;

/// Requests without an answer; further ones wait in the queue.
const IN_FLIGHT_MAX: usize = 64;
/// How far ahead a silent connection's deadline is.
const FAR: Duration = Duration::from_secs(3600);

/// A request that was sent.
struct Sent {
    version: i16,
    correlation_id: i32,
    deadline: Instant,
    reply: oneshot::Sender<Result<Answer, PeerError>>,
}

pub(super) struct Link {
    reader: ReadHalf<Box<dyn PeerStream>>,
    writer: WriteHalf<Box<dyn PeerStream>>,
    input: Input,
    output: BytesMut,
    in_flight: VecDeque<Sent>,
    next_correlation_id: i32,
    versions: Versions,
}

/// What happened next.
enum Turn {
    Job(Option<Job>),
    Read,
    Written,
    Late,
    Broken(PeerError),
}

impl Link {
    /// Asks a new connection for its versions.
    pub(super) async fn negotiate(
        stream: Box<dyn PeerStream>,
        max_frame: usize,
    ) -> Result<Self, PeerError> {
        let (reader, writer) = tokio::io::split(stream);
        let mut link = Self {
            reader,
            writer,
            input: Input::of_responses(max_frame),
            output: BytesMut::new(),
            in_flight: VecDeque::new(),
            next_correlation_id: 0,
            versions: Versions::default(),
        };
        let newest = barnabas_wire::ApiKey::ApiVersions.latest_stable_version();
        link.versions = match link.ask_versions(newest).await? {
            Told::Versions(versions) => versions,
            Told::AskAgain(version) => match link.ask_versions(version).await? {
                Told::Versions(versions) => versions,
                Told::AskAgain(_) => {
                    return Err(PeerError::Unsupported(barnabas_wire::ApiKey::ApiVersions));
                }
            },
        };
        Ok(link)
    }

    pub(super) async fn ask_versions(&mut self, version: i16) -> Result<Told, PeerError> {
        let question = versions::question(version)?;
        self.writer.write_all(&question).await.map_err(|_| PeerError::Disconnected)?;
        loop {
            if let Some(frame) = self.input.next_frame()? {
                return versions::told(frame, version);
            }
            self.fill().await?;
        }
    }

    pub(super) async fn fill(&mut self) -> Result<(), PeerError> {
        let Self { reader, input, .. } = self;
        match poll_fn(|cx| input.poll_fill(cx, reader)).await {
            Ok(count) if count > 0 => Ok(()),
            Ok(_) | Err(_) => Err(PeerError::Disconnected),
        }
    }

    /// Works until the connection breaks or nobody has anything to ask any more (`None`).
    pub(super) async fn serve(
        mut self,
        first: Job,
        jobs: &mut mpsc::Receiver<Job>,
    ) -> Option<PeerError> {
        self.send(first);
        loop {
            let error = match self.turn(jobs).await {
                Turn::Job(Some(job)) => {
                    self.send(job);
                    continue;
                }
                Turn::Job(None) if self.in_flight.is_empty() => return None,
                Turn::Job(None) | Turn::Written => continue,
                Turn::Read => match self.answer() {
                    Ok(()) => continue,
                    Err(error) => error,
                },
                Turn::Late => PeerError::Timeout(Duration::ZERO),
                Turn::Broken(error) => error,
            };
            for sent in self.in_flight.drain(..) {
                // Whoever asked may have given up.
                let _ = sent.reply.send(Err(PeerError::Disconnected));
            }
            return Some(error);
        }
    }

    async fn turn(&mut self, jobs: &mut mpsc::Receiver<Job>) -> Turn {
        let room = self.in_flight.len() < IN_FLIGHT_MAX && self.output.is_empty();
        let open = room && !(jobs.is_closed() && jobs.is_empty() && !self.in_flight.is_empty());
        let deadline = self.in_flight.iter().map(|sent| sent.deadline).min();
        let deadline = deadline.unwrap_or_else(|| Instant::now() + FAR);
        let Self { reader, writer, input, output, .. } = self;
        tokio::select! {
            biased;
            read = poll_fn(|cx| input.poll_fill(cx, reader)) => match read {
                Ok(count) if count > 0 => Turn::Read,
                Ok(_) | Err(_) => Turn::Broken(PeerError::Disconnected),
            },
            written = writer.write_buf(output), if !output.is_empty() => match written {
                Ok(count) if count > 0 => Turn::Written,
                Ok(_) | Err(_) => Turn::Broken(PeerError::Disconnected),
            },
            // Before jobs: nothing more is sent to a peer that is late.
            () = sleep_until(deadline) => Turn::Late,
            job = jobs.recv(), if open => Turn::Job(job),
        }
    }

    fn send(&mut self, job: Job) {
        if job.reply.is_closed() {
            return;
        }
        let Some(version) = self.versions.common(job.key, job.versions) else {
            let key = job.key;
            return job.fail(PeerError::Unsupported(key));
        };
        self.next_correlation_id = self.next_correlation_id.wrapping_add(1);
        let correlation_id = self.next_correlation_id;
        match (job.encode)(version, correlation_id) {
            Ok(frame) => self.output.extend_from_slice(&frame),
            Err(error) => return job.fail(error.into()),
        }
        let Job { deadline, reply, .. } = job;
        self.in_flight.push_back(Sent { version, correlation_id, deadline, reply });
    }

    /// Hands out the answers that have come whole.
    fn answer(&mut self) -> Result<(), PeerError> {
        while let Some(frame) = self.input.next_frame()? {
            let Some(sent) = self.in_flight.pop_front() else {
                return Err(PeerError::Correlation);
            };
            if correlation_id(&frame) != Some(sent.correlation_id) {
                let _ = sent.reply.send(Err(PeerError::Correlation));
                return Err(PeerError::Correlation);
            }
            let _ = sent.reply.send(Ok(Answer { version: sent.version, frame }));
        }
        Ok(())
    }
}

fn correlation_id(frame: &Bytes) -> Option<i32> {
    frame.first_chunk::<4>().map(|bytes| i32::from_be_bytes(*bytes))
}
