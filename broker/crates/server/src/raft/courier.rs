//! Carries the quorum's requests to its members and the answers back to the metadata thread.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use barnabas_quorum::{Config, Endpoint, Event, Peer, Request, RequestId};
use tokio::sync::mpsc;

use super::rpc::{Carrier, Reply};
use super::thread::Command;
use crate::machine;
use crate::peer::{Dialer, PeerAddress, Peers};

/// Requests that may wait to be sent: the core has one under way per peer, and starts over with
/// each change of its role.
const QUEUE: usize = 256;

/// A request of the core.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) id: RequestId,
    pub(super) to: Peer,
    pub(super) endpoint: Endpoint,
    pub(super) request: Request,
}

/// Starts the courier; it ends when the metadata thread does.
pub(super) fn start(
    dialer: &Arc<dyn Dialer>,
    config: &Config,
    commands: mpsc::WeakSender<Command>,
) -> mpsc::Sender<Outgoing> {
    let (sender, mut requests) = mpsc::channel::<Outgoing>(QUEUE);
    let peers = |purpose: &str| {
        Peers::new(Arc::clone(dialer), format!("raft-client-{}-{purpose}", config.node))
    };
    let carrier = Arc::new(Carrier {
        elections: peers("election"),
        fetches: peers("fetch"),
        limit: Duration::from_millis(config.timeouts.request_ms),
        listener: config.listener.clone(),
        warned: AtomicBool::new(false),
    });
    machine::spawn(async move {
        while let Some(outgoing) = requests.recv().await {
            let (carrier, commands) = (Arc::clone(&carrier), commands.clone());
            machine::spawn(async move {
                let Outgoing { id, to, endpoint, request } = outgoing;
                let event = match carrier.ask(&address(to, endpoint), request).await {
                    Reply::Answered(response) => Event::Response { id, response },
                    Reply::Refused => Event::Refused { id },
                    Reply::Unreachable => Event::Unreachable { id },
                    Reply::Unsupported => Event::Unsupported { id },
                };
                if let Some(commands) = commands.upgrade() {
                    // The thread may have stopped.
                    let _ = commands.send(Command::Answered(event)).await;
                }
            });
        }
    });
    sender
}

fn address(to: Peer, endpoint: Endpoint) -> PeerAddress {
    let id = match to {
        Peer::Node(node) => node.0,
        // Of these only the place is known.
        Peer::Bootstrap(index) => -1 - i32::try_from(index).unwrap_or(0),
    };
    PeerAddress { id, host: endpoint.host, port: endpoint.port }
}
