//! A network in memory: connections that are late, stall, break and lose their other end.
//!
//! A connection keeps the order of its bytes, as TCP does; what is sent over several of them is
//! reordered freely. A link that is cut delivers nothing until it is healed, then everything: the
//! kernel of the sender tries again for as long as the connection lives. Nothing is lost but with
//! the connection.

mod hub;
mod pipe;
mod stream;
mod tap;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use barnabas_server::net::{Acceptor, Claim, Network, SocketBuffers, Stream};
use barnabas_server::peer::{Dialer, PeerStream};
use barnabas_storage::SimDisk;
use futures::future::BoxFuture;
use futures::future::poll_fn;

use crate::random::Random;
use crate::trace::Trace;
use hub::{Attempt, Hub};
pub use stream::SimStream;
pub use tap::{Heard, VoterKey};

/// How long a client waits before it knocks again, when nobody answered; doubled each time.
const KNOCK_AGAIN: Duration = Duration::from_secs(1);

/// The network; clones share it.
#[derive(Clone, Debug)]
pub struct SimNetwork {
    hub: Arc<Mutex<Hub>>,
}

impl SimNetwork {
    /// A network without hosts.
    #[must_use]
    pub fn new(random: Random, trace: Trace) -> Self {
        Self { hub: Arc::new(Mutex::new(Hub::new(random, trace))) }
    }

    /// What a host sees of the network.
    #[must_use]
    pub fn host(&self, address: IpAddr) -> HostNetwork {
        HostNetwork { network: self.clone(), address }
    }

    /// Whose crash silences a host.
    pub fn attach_disk(&self, host: IpAddr, disk: SimDisk) {
        self.hub().attach_disk(host, disk);
    }

    /// The machine loses its power: its peers hear nothing any more.
    pub fn power_off(&self, host: IpAddr) {
        self.hub().power_off(host);
    }

    /// The machine runs again; who still talks to what it was is told.
    pub fn power_on(&self, host: IpAddr) {
        self.hub().power_on(host);
    }

    /// The process of a host ended: its connections are reset, its ports closed.
    pub fn reset_host(&self, host: IpAddr) {
        self.hub().reset_host(host);
    }

    /// Breaks all connections between two hosts.
    pub fn reset_between(&self, a: IpAddr, b: IpAddr) {
        self.hub().reset_between(a, b);
    }

    /// Nothing gets from one host to the other any more.
    pub fn cut(&self, from: IpAddr, to: IpAddr) {
        self.hub().cut(from, to);
    }

    /// Whether something gets from one host to the other.
    #[must_use]
    pub fn connected(&self, from: IpAddr, to: IpAddr) -> bool {
        !self.hub().is_cut(from, to)
    }

    /// All links work and are as fast as at the beginning.
    pub fn heal(&self) {
        self.hub().heal();
    }

    /// How many milliseconds bytes take from one host to the other.
    pub fn delay(&self, from: IpAddr, to: IpAddr, millis: Range<u64>) {
        self.hub().delay(from, to, millis);
    }

    /// What was said on connections to controllers since this was last asked.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        self.hub().heard()
    }

    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The network of one host.
#[derive(Clone, Debug)]
pub struct HostNetwork {
    network: SimNetwork,
    address: IpAddr,
}

impl HostNetwork {
    /// Connects to an address. Waits for as long as nobody answers.
    ///
    /// # Errors
    /// `ConnectionRefused` if nobody listens there.
    pub async fn connect(&self, to: SocketAddr) -> io::Result<SimStream> {
        let mut again = KNOCK_AGAIN;
        loop {
            let delay = self.network.hub().round_trip(self.address, to.ip());
            tokio::time::sleep(delay).await;
            let attempt = self.network.hub().connect(self.address, to);
            match attempt {
                Attempt::Connected(id) => return Ok(SimStream::new(self.network.clone(), id, 0)),
                Attempt::Refused => return Err(io::ErrorKind::ConnectionRefused.into()),
                Attempt::Unanswered => tokio::time::sleep(again).await,
            }
            again *= 2;
        }
    }
}

impl Network for HostNetwork {
    fn bind(&self, address: SocketAddr, _: SocketBuffers) -> io::Result<Box<dyn Claim>> {
        let id = self.network.hub().claim(address)?;
        Ok(Box::new(SimPort { network: self.network.clone(), address, id }))
    }
}

impl Dialer for HostNetwork {
    fn dial(&self, host: &str, port: u16) -> BoxFuture<'_, io::Result<Box<dyn PeerStream>>> {
        let address = host.parse().map(|ip| SocketAddr::new(ip, port));
        Box::pin(async move {
            let address = address.map_err(io::Error::other)?;
            Ok(Box::new(self.connect(address).await?) as Box<dyn PeerStream>)
        })
    }
}

#[derive(Debug)]
struct SimPort {
    network: SimNetwork,
    address: SocketAddr,
    id: u64,
}

impl Claim for SimPort {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn listen(self: Box<Self>) -> io::Result<Box<dyn Acceptor>> {
        self.network.hub().listen(self.address, self.id);
        Ok(self)
    }
}

impl Acceptor for SimPort {
    fn accept(&self) -> BoxFuture<'_, io::Result<(Box<dyn Stream>, SocketAddr)>> {
        Box::pin(async {
            let (connection, peer) =
                poll_fn(|cx| self.network.hub().poll_accept(self.address, self.id, cx)).await;
            let stream = SimStream::new(self.network.clone(), connection, 1);
            Ok((Box::new(stream) as Box<dyn Stream>, peer))
        })
    }
}

impl Drop for SimPort {
    fn drop(&mut self) {
        self.network.hub().unlisten(self.address, self.id);
    }
}
