//! Responses on their way out: bytes in memory and ranges of files, in order.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use barnabas_wire::{Frame, Part};
use bytes::{Buf, Bytes};

use super::{FileSlice, Stream};

/// What an item occupies beyond its bytes: its place in the queue, and the room that its encoder
/// made ahead. Thousands of tiny responses count for what they take.
const ITEM_OVERHEAD: usize = 512;
/// Pieces given to one vectored write.
const MAX_SLICES: usize = 32;
/// Bytes read at a time from a file that cannot be sent directly.
const COPY_CHUNK: usize = 64 << 10;

/// An encoded response and the file ranges that fill the cuts in it, in order.
#[derive(Debug)]
pub struct Outgoing {
    /// The frame.
    pub frame: Frame,
    /// As many as the frame has cuts, with the same lengths.
    pub files: Vec<FileSlice>,
}

#[derive(Debug)]
enum Item {
    Bytes(Bytes),
    File { slice: FileSlice, sent: usize },
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    items: VecDeque<Item>,
    /// Bytes of the items in memory.
    memory: usize,
    /// Bytes that left since the connection began.
    sent: u64,
}

impl Outbox {
    pub(super) fn push(&mut self, outgoing: Outgoing) {
        let Outgoing { frame, files } = outgoing;
        if frame.cuts.is_empty() {
            self.push_bytes(frame.bytes);
            return;
        }
        let mut files = files.into_iter();
        for part in frame.parts() {
            match part {
                Part::Bytes(bytes) => self.push_bytes(bytes),
                Part::External(len) => {
                    if let Some(slice) = files.next() {
                        debug_assert_eq!(slice.len, len, "a cut is filled by its slice");
                        self.items.push_back(Item::File { slice, sent: 0 });
                    }
                }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Bytes held in memory until the peer takes them, with what a small response costs besides
    /// its bytes.
    pub(super) fn memory(&self) -> usize {
        self.memory + self.items.len() * ITEM_OVERHEAD
    }

    /// Bytes that left since the connection began.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Writes until everything is out, or the peer takes no more.
    pub(super) fn poll_write<S: Stream>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
    ) -> Poll<io::Result<()>> {
        loop {
            match self.items.front_mut() {
                None => return Poll::Ready(Ok(())),
                Some(Item::Bytes(_)) => ready!(self.poll_write_bytes(cx, stream))?,
                Some(Item::File { slice, sent }) => {
                    match ready!(stream.poll_send_file(cx, slice, *sent))? {
                        Some(count) => {
                            *sent += count;
                            self.sent += count as u64;
                            if *sent == slice.len {
                                self.items.pop_front();
                            }
                        }
                        None => self.load_chunk()?,
                    }
                }
            }
        }
    }

    fn push_bytes(&mut self, bytes: Bytes) {
        self.memory += bytes.len();
        self.items.push_back(Item::Bytes(bytes));
    }

    fn poll_write_bytes<S: Stream>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
    ) -> Poll<io::Result<()>> {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut count = 0;
        for item in self.items.iter().take(MAX_SLICES) {
            let Item::Bytes(bytes) = item else { break };
            slices[count] = IoSlice::new(bytes);
            count += 1;
        }
        let slices = &slices[..count];
        let written = match self.items.get(count) {
            Some(Item::File { .. }) => stream.poll_write_more(cx, slices),
            _ => Pin::new(stream).poll_write_vectored(cx, slices),
        };
        let written = ready!(written)?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.advance(written);
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut written: usize) {
        self.memory -= written;
        self.sent += written as u64;
        while written > 0 {
            let Some(Item::Bytes(bytes)) = self.items.front_mut() else { return };
            let here = written.min(bytes.len());
            bytes.advance(here);
            written -= here;
            if bytes.is_empty() {
                self.items.pop_front();
            }
        }
    }

    /// Reads a piece of the file range at the front into memory, before what is left of it.
    fn load_chunk(&mut self) -> io::Result<()> {
        let Some(Item::File { slice, sent }) = self.items.front_mut() else { return Ok(()) };
        let chunk = slice.read(*sent, COPY_CHUNK)?;
        *sent += chunk.len();
        if *sent == slice.len {
            self.items.pop_front();
        }
        self.memory += chunk.len();
        self.items.push_front(Item::Bytes(chunk));
        Ok(())
    }
}
