//! The seam to the network: what a connection runs over.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::net::{SendAncillaryBuffer, SendFlags};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, Interest};
use tokio::net::TcpStream;

use super::FileSlice;

/// A byte stream in both directions: TCP, later TLS, or a connection of the simulator.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// Sends bytes of a file without taking them through user space, from `skip` bytes after the
    /// beginning of `slice`. Returns how many; `None` if this stream cannot do that and the bytes
    /// must be read and written.
    ///
    /// # Errors
    /// Those of the socket or the file.
    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        slice: &FileSlice,
        skip: usize,
    ) -> Poll<io::Result<Option<usize>>>;

    /// Writes bytes that the rest of a response follows at once: the peer need not be woken for
    /// them alone.
    ///
    /// # Errors
    /// Those of the socket.
    fn poll_write_more(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;
}

impl Stream for Box<dyn Stream> {
    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        slice: &FileSlice,
        skip: usize,
    ) -> Poll<io::Result<Option<usize>>> {
        (**self).poll_send_file(cx, slice, skip)
    }

    fn poll_write_more(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        (**self).poll_write_more(cx, slices)
    }
}

impl Stream for TcpStream {
    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        slice: &FileSlice,
        skip: usize,
    ) -> Poll<io::Result<Option<usize>>> {
        loop {
            ready!(self.poll_write_ready(cx))?;
            let mut position = slice.position + skip as u64;
            let sent = self.try_io(Interest::WRITABLE, || {
                let count = slice.len - skip;
                Ok(rustix::fs::sendfile(&*self, &slice.file, Some(&mut position), count)?)
            });
            match sent {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => return Poll::Ready(Ok(Some(count))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn poll_write_more(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_write_ready(cx))?;
            let written = self.try_io(Interest::WRITABLE, || {
                let mut nothing = SendAncillaryBuffer::default();
                let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
                Ok(rustix::net::sendmsg(&*self, slices, &mut nothing, flags)?)
            });
            match written {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }
}

impl Stream for DuplexStream {
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
