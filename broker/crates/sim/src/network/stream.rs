//! One end of a connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use barnabas_server::net::{FileSlice, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::SimNetwork;
use super::hub::Turn;

/// One end of a connection; dropping it closes the connection.
#[derive(Debug)]
pub struct SimStream {
    network: SimNetwork,
    id: u64,
    side: usize,
    /// For a reader and for a writer, which may be different tasks.
    timers: [Option<Pin<Box<Sleep>>>; 2],
}

const READER: usize = 0;
const WRITER: usize = 1;

impl SimStream {
    pub(super) fn new(network: SimNetwork, id: u64, side: usize) -> Self {
        Self { network, id, side, timers: [None, None] }
    }

    /// Whether to look again at once.
    fn poll_timer(&mut self, who: usize, at: Instant, cx: &mut Context<'_>) -> bool {
        let timer = self.timers[who].get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(cx).is_ready()
    }

    fn poll_turn<T>(
        &mut self,
        who: usize,
        cx: &mut Context<'_>,
        mut take: impl FnMut(&mut Self, &mut Context<'_>) -> io::Result<Turn<T>>,
    ) -> Poll<io::Result<T>> {
        loop {
            match take(self, cx) {
                Err(error) => return Poll::Ready(Err(error)),
                Ok(Turn::Done(value)) => return Poll::Ready(Ok(value)),
                Ok(Turn::Wait) => return Poll::Pending,
                Ok(Turn::At(at)) => {
                    if !self.poll_timer(who, at, cx) {
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

impl AsyncRead for SimStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        self.get_mut().poll_turn(READER, cx, |stream, cx| {
            let into = buffer.initialize_unfilled();
            let turn = stream.network.hub().read(stream.id, stream.side, into, cx.waker())?;
            Ok(match turn {
                Turn::Done(count) => {
                    buffer.advance(count);
                    Turn::Done(())
                }
                Turn::At(at) => Turn::At(at),
                Turn::Wait => Turn::Wait,
            })
        })
    }
}

impl AsyncWrite for SimStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.get_mut().poll_turn(WRITER, cx, |stream, cx| {
            stream.network.hub().write(stream.id, stream.side, bytes, cx.waker())
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.network.hub().close(self.id, self.side, false);
        Poll::Ready(Ok(()))
    }
}

impl Stream for SimStream {
    fn poll_send_file(
        &mut self,
        _: &mut Context<'_>,
        _: &FileSlice,
        _: usize,
    ) -> Poll<io::Result<Option<usize>>> {
        Poll::Ready(Ok(None))
    }

    fn poll_write_more(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self).poll_write_vectored(cx, slices)
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        self.network.hub().close(self.id, self.side, true);
    }
}
