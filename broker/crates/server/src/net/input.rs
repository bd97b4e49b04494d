//! From a stream to request frames, with bounded memory.

use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Room made for a frame of which nothing is known yet: small requests come whole with one read,
/// an idle connection costs no more.
const SMALL_READ: usize = 2 << 10;
/// Most room made ahead of the bytes that arrived: a client that announces a large frame and
/// sends nothing reserves no more than this.
const MAX_AHEAD: usize = 1 << 20;

/// Why a connection is closed because of what came in: the client is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The size is negative, or there is no room for a header.
    #[error("frame size {0} is not valid")]
    BadSize(i32),
    /// The size exceeds `socket.request.max.bytes`.
    #[error("frame of {size} bytes exceeds the limit of {max}")]
    TooLarge {
        /// As announced.
        size: usize,
        /// The limit.
        max: usize,
    },
}

/// The smallest request: API key, version, correlation id, null client id.
const MIN_REQUEST: i32 = 8;
/// The smallest response: a correlation id.
const MIN_RESPONSE: i32 = 4;

#[derive(Debug)]
pub(crate) struct Input {
    buffer: BytesMut,
    min_frame: i32,
    max_frame: usize,
}

impl Input {
    pub(super) fn new(max_frame: usize) -> Self {
        Self { buffer: BytesMut::new(), min_frame: MIN_REQUEST, max_frame }
    }

    /// For the side that asks.
    pub(crate) fn of_responses(max_frame: usize) -> Self {
        Self { min_frame: MIN_RESPONSE, ..Self::new(max_frame) }
    }

    /// The next frame that arrived whole, without its size.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Bytes>, FrameError> {
        let Some(size) = self.announced()? else {
            return Ok(None);
        };
        if self.buffer.len() < 4 + size {
            return Ok(None);
        }
        let mut frame = self.buffer.split_to(4 + size).freeze();
        Ok(Some(frame.split_off(4)))
    }

    /// Whether [`Input::next_frame`] has something to return.
    pub(super) fn has_frame(&self) -> bool {
        match self.announced() {
            Ok(size) => size.is_some_and(|size| self.buffer.len() >= 4 + size),
            Err(_) => true,
        }
    }

    /// Whether a frame has begun to arrive.
    pub(super) fn is_partial(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Reads what there is. `Ready(0)` means that the peer will send no more.
    pub(crate) fn poll_fill<S: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
    ) -> Poll<io::Result<usize>> {
        let missing = match self.announced() {
            Ok(Some(size)) => (4 + size).saturating_sub(self.buffer.len()),
            _ => SMALL_READ,
        };
        self.buffer.reserve(missing.clamp(1, MAX_AHEAD));
        let read = ready!(pin!(stream.read_buf(&mut self.buffer)).poll(cx))?;
        Poll::Ready(Ok(read))
    }

    /// Gives the memory back when nothing is buffered, for a connection that falls idle.
    pub(super) fn release(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }

    fn announced(&self) -> Result<Option<usize>, FrameError> {
        let Some(size) = self.buffer.first_chunk::<4>() else {
            return Ok(None);
        };
        let size = i32::from_be_bytes(*size);
        if size < self.min_frame {
            return Err(FrameError::BadSize(size));
        }
        let size = size as usize;
        if size > self.max_frame {
            return Err(FrameError::TooLarge { size, max: self.max_frame });
        }
        Ok(Some(size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(bytes: &[u8]) -> Input {
        let mut input = Input::new(100);
        input.buffer.extend_from_slice(bytes);
        input
    }

    #[test]
    fn frames_come_out_whole_and_in_order() {
        let mut input = input(b"\0\0\0\x08abcdefgh\0\0\0\x09123456789\0\0");
        assert_eq!(input.next_frame(), Ok(Some(Bytes::from_static(b"abcdefgh"))));
        assert_eq!(input.next_frame(), Ok(Some(Bytes::from_static(b"123456789"))));
        assert_eq!(input.next_frame(), Ok(None));
        assert!(input.is_partial());
    }

    #[test]
    fn absurd_sizes_are_refused_before_anything_is_reserved() {
        let error = input(&i32::MAX.to_be_bytes()).next_frame();
        assert_eq!(error, Err(FrameError::TooLarge { size: i32::MAX as usize, max: 100 }));
        assert_eq!(input(&(-1i32).to_be_bytes()).next_frame(), Err(FrameError::BadSize(-1)));
        assert_eq!(input(&[0; 4]).next_frame(), Err(FrameError::BadSize(0)));
    }

    #[test]
    fn an_announced_frame_reserves_little() {
        let mut input = Input::new(200 << 20);
        input.buffer.extend_from_slice(&(100i32 << 20).to_be_bytes());
        let mut nothing = tokio::io::empty();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(input.poll_fill(&mut cx, &mut nothing).is_ready());
        assert!(input.buffer.capacity() <= MAX_AHEAD + 16);
    }
}
