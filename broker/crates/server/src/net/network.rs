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
    /// Takes an address; port 0 takes a free one. Clients may connect and wait from now on.
    ///
    /// # Errors
    /// Those of the operating system, mostly that the port is taken.
    fn bind(&self, address: SocketAddr) -> io::Result<Box<dyn Acceptor>>;
}

/// An address that was taken.
pub trait Acceptor: Debug + Send + Sync {
    /// The address, with the port that was taken.
    fn address(&self) -> SocketAddr;

    /// Waits for the next connection. A dropped future loses none.
    fn accept(&self) -> BoxFuture<'_, io::Result<(Box<dyn Stream>, SocketAddr)>>;
}

/// TCP of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpNetwork;

impl Network for TcpNetwork {
    fn bind(&self, address: SocketAddr) -> io::Result<Box<dyn Acceptor>> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            // `[::]` takes IPv4 clients too, as Java's server sockets do.
            socket.set_only_v6(false)?;
        }
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from_std(socket.into())?;
        let address = listener.local_addr()?;
        Ok(Box::new(TcpAcceptor { listener, address }))
    }
}

#[derive(Debug)]
struct TcpAcceptor {
    listener: TcpListener,
    address: SocketAddr,
}

impl Acceptor for TcpAcceptor {
    fn address(&self) -> SocketAddr {
        self.address
    }

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
