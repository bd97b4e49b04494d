//! The seam to where connections come from.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;

use futures::future::BoxFuture;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use super::Stream;

/// Connections that the kernel keeps until they are accepted (`socket.listen.backlog.size` is
/// smaller by default; a restart makes all clients come at once).
const BACKLOG: i32 = 1024;

/// Where a node's listeners are bound.
pub trait Network: Debug + Send + Sync {
    /// Takes an address; port 0 takes a free one.
    ///
    /// # Errors
    /// Those of the operating system, mostly that the port is taken.
    fn bind(&self, address: SocketAddr, buffers: SocketBuffers) -> io::Result<Box<dyn Claim>>;
}

/// What the kernel may hold for a connection, bytes; `None` leaves it to the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketBuffers {
    /// `socket.send.buffer.bytes`.
    pub send: Option<usize>,
    /// `socket.receive.buffer.bytes`.
    pub receive: Option<usize>,
}

/// An address that was taken: whoever connects is refused.
pub trait Claim: Debug + Send + Sync {
    /// The address, with the port that was taken.
    fn address(&self) -> SocketAddr;

    /// From now on clients may connect, and wait until they are accepted.
    ///
    /// # Errors
    /// Those of the operating system.
    fn listen(self: Box<Self>) -> io::Result<Box<dyn Acceptor>>;
}

/// An address where clients connect.
pub trait Acceptor: Debug + Send + Sync {
    /// Waits for the next connection. A dropped future loses none.
    fn accept(&self) -> BoxFuture<'_, io::Result<(Box<dyn Stream>, SocketAddr)>>;
}

/// TCP of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpNetwork;

impl Network for TcpNetwork {
    fn bind(&self, address: SocketAddr, buffers: SocketBuffers) -> io::Result<Box<dyn Claim>> {
        Ok(Box::new(claim(address, buffers)?))
    }
}

fn claim(address: SocketAddr, buffers: SocketBuffers) -> io::Result<TcpClaim> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // `[::]` takes IPv4 clients too, as Java's server sockets do.
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    // Accepted connections inherit both.
    if let Some(bytes) = buffers.send {
        socket.set_send_buffer_size(bytes)?;
    }
    if let Some(bytes) = buffers.receive {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.bind(&address.into())?;
    let address = socket.local_addr()?.as_socket();
    let address = address.ok_or_else(|| io::Error::other("bound to no address"))?;
    Ok(TcpClaim { socket, address })
}

#[derive(Debug)]
struct TcpClaim {
    socket: Socket,
    address: SocketAddr,
}

impl TcpClaim {
    fn into_listener(self) -> io::Result<TcpListener> {
        self.socket.listen(BACKLOG)?;
        TcpListener::from_std(self.socket.into())
    }
}

impl Claim for TcpClaim {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn listen(self: Box<Self>) -> io::Result<Box<dyn Acceptor>> {
        Ok(Box::new(TcpAcceptor { listener: self.into_listener()? }))
    }
}

#[derive(Debug)]
struct TcpAcceptor {
    listener: TcpListener,
}

impl Acceptor for TcpAcceptor {
    fn accept(&self) -> BoxFuture<'_, io::Result<(Box<dyn Stream>, SocketAddr)>> {
        Box::pin(async {
            let (stream, peer) = self.listener.accept().await?;
            if let Err(error) = stream.set_nodelay(true) {
                // The connection is lost already; reading from it will say so.
                tracing::debug!(%peer, %error, "cannot set TCP_NODELAY");
            }
            Ok((Box::new(stream) as Box<dyn Stream>, peer))
        })
    }
}

#[cfg(test)]
mod tests {
    use socket2::SockRef;
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn connections_get_the_configured_buffers() {
        let any = "127.0.0.1:0".parse().unwrap();
        let buffers = SocketBuffers { send: Some(20_000), receive: Some(30_000) };
        let claim = claim(any, buffers).unwrap();
        let address = claim.address();
        let listener = claim.into_listener().unwrap();
        let (accepted, _client) = tokio::join!(listener.accept(), TcpStream::connect(address));
        let (stream, _) = accepted.unwrap();
        let socket = SockRef::from(&stream);
        // Linux doubles them, for its own bookkeeping (socket(7)).
        assert_eq!(socket.send_buffer_size().unwrap(), 40_000);
        assert_eq!(socket.recv_buffer_size().unwrap(), 60_000);
    }
}
