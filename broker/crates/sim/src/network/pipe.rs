//! One direction of a connection.

use std::collections::VecDeque;
use std::task::Waker;

use bytes::{Buf, Bytes};
use tokio::time::Instant;

/// Bytes that are on their way at most; a writer waits beyond.
pub(super) const CAPACITY: usize = 256 << 10;

#[derive(Debug)]
pub(super) struct Pipe {
    queue: VecDeque<(Instant, Bytes)>,
    buffered: usize,
    /// Nothing overtakes what was sent before.
    last_at: Instant,
    /// When the end of the stream arrives.
    pub(super) fin: Option<Instant>,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
}

/// What a reader finds.
pub(super) enum Found {
    Bytes(usize),
    End,
    Later(Instant),
    Nothing,
}

impl Pipe {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            queue: VecDeque::new(),
            buffered: 0,
            last_at: now,
            fin: None,
            reader: None,
            writer: None,
        }
    }

    pub(super) fn room(&self) -> usize {
        CAPACITY.saturating_sub(self.buffered)
    }

    pub(super) fn send(&mut self, at: Instant, bytes: Bytes) {
        self.last_at = self.last_at.max(at);
        self.buffered += bytes.len();
        self.queue.push_back((self.last_at, bytes));
        wake(&mut self.reader);
    }

    pub(super) fn finish(&mut self, at: Instant) {
        self.last_at = self.last_at.max(at);
        self.fin.get_or_insert(self.last_at);
        wake(&mut self.reader);
    }

    /// What waited for a link that was cut arrives later than it was sent.
    pub(super) fn postpone(&mut self, until: Instant) {
        for (at, _) in &mut self.queue {
            *at = (*at).max(until);
        }
        self.fin = self.fin.map(|at| at.max(until));
        self.last_at = self.last_at.max(until);
        wake(&mut self.reader);
    }

    pub(super) fn receive(&mut self, now: Instant, into: &mut [u8]) -> Found {
        let Some((at, bytes)) = self.queue.front_mut() else {
            return match self.fin {
                Some(at) if at <= now => Found::End,
                Some(at) => Found::Later(at),
                None => Found::Nothing,
            };
        };
        if *at > now {
            return Found::Later(*at);
        }
        let count = bytes.len().min(into.len());
        into[..count].copy_from_slice(&bytes[..count]);
        bytes.advance(count);
        if bytes.is_empty() {
            self.queue.pop_front();
        }
        self.buffered -= count;
        wake(&mut self.writer);
        Found::Bytes(count)
    }

    pub(super) fn wake(&mut self) {
        wake(&mut self.reader);
        wake(&mut self.writer);
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
