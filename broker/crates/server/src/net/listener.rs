//! Sockets that accept connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::connection::stopped;
use super::{Acceptor, Claim, ConnectionContext, Network, SocketBuffers, Stream, serve};
use crate::access::Principal;
use crate::machine;
use crate::node::Node;

/// Pause after accept failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a listener is for: decides which APIs it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerRole {
    /// Clients and other brokers.
    Broker,
    /// Controllers and brokers (`controller.listener.names`).
    Controller,
}

/// A listener's configuration.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// Name, as in `listeners`.
    pub name: Arc<str>,
    /// Address to bind; port 0 takes a free one.
    pub address: SocketAddr,
    /// What it is for.
    pub role: ListenerRole,
    /// What the kernel may hold for each of its connections.
    pub buffers: SocketBuffers,
}

/// A listener that has its address: nobody else can take it, and nobody can connect.
#[derive(Debug)]
pub struct Bound {
    config: ListenerConfig,
    claim: Box<dyn Claim>,
}

/// A listener that does not accept yet: clients may connect and wait.
#[derive(Debug)]
pub struct Listening {
    config: ListenerConfig,
    acceptor: Box<dyn Acceptor>,
}

/// Binds a listener.
///
/// # Errors
/// Those of the network, mostly that the port is taken.
pub fn bind(network: &dyn Network, config: ListenerConfig) -> io::Result<Bound> {
    let claim = network.bind(config.address, config.buffers)?;
    Ok(Bound { config, claim })
}

impl Bound {
    /// The bound address, with the port that was taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.claim.address()
    }

    /// The listener's name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.config.name
    }

    /// Lets clients connect.
    ///
    /// # Errors
    /// Those of the network.
    pub fn listen(self) -> io::Result<Listening> {
        Ok(Listening { config: self.config, acceptor: self.claim.listen()? })
    }
}

impl Listening {
    /// Accepts and serves connections until `stop` turns true.
    pub async fn run(self, node: Arc<Node>, mut stop: watch::Receiver<bool>) {
        let pace = node.limits.max_creation_rate.map(|rate| Duration::from_secs(1) / rate.max(1));
        loop {
            let accepted = tokio::select! {
                biased;
                accepted = self.acceptor.accept() => accepted,
                () = stopped(&mut stop) => return,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(&node, stream, peer, &stop),
                Err(error) => {
                    tracing::warn!(listener = %self.config.name, %error, "cannot accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
            if let Some(pace) = pace {
                tokio::time::sleep(pace).await;
            }
        }
    }

    fn admit(
        &self,
        node: &Arc<Node>,
        stream: Box<dyn Stream>,
        peer: SocketAddr,
        stop: &watch::Receiver<bool>,
    ) {
        let place = match node.admission.enter(peer.ip().to_canonical()) {
            Ok(place) => place,
            Err(refusal) => {
                tracing::info!(listener = %self.config.name, %peer, %refusal, "connection refused");
                return;
            }
        };
        let context = Arc::new(ConnectionContext {
            listener: Arc::clone(&self.config.name),
            role: self.config.role,
            peer,
            principal: Principal::anonymous(),
        });
        let (node, stop) = (Arc::clone(node), stop.clone());
        machine::spawn(async move {
            serve(stream, context, node, stop).await;
            drop(place);
        });
    }
}
