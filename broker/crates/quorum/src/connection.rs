//! One request in flight per peer, and back-off after a failure.

use std::collections::BTreeMap;

use crate::{NodeId, Timeouts};

/// Names a request of this node until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// Somebody to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// A node whose id is known.
    Node(NodeId),
    /// The n-th of `controller.quorum.bootstrap.servers`.
    Bootstrap(usize),
}

#[derive(Clone, Copy, Debug, Default)]
struct Connection {
    in_flight: Option<(RequestId, u64)>,
    ready_at_ms: u64,
}

/// The state of the requests to all peers.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    peers: BTreeMap<Peer, Connection>,
    next_id: u64,
}

impl Connections {
    /// Whether a request may be sent now.
    pub(crate) fn is_ready(&self, peer: Peer, now_ms: u64) -> bool {
        self.peers.get(&peer).is_none_or(|connection| {
            connection.in_flight.is_none() && connection.ready_at_ms <= now_ms
        })
    }

    /// Whether the peer failed recently and is left alone at the moment.
    pub(crate) fn is_backing_off(&self, peer: Peer, now_ms: u64) -> bool {
        self.peers.get(&peer).is_some_and(|connection| connection.ready_at_ms > now_ms)
    }

    /// Whether any peer that the predicate names has a request in flight.
    pub(crate) fn any_in_flight(&self, matches: impl Fn(Peer) -> bool) -> bool {
        self.peers.iter().any(|(peer, connection)| connection.in_flight.is_some() && matches(*peer))
    }

    pub(crate) fn sent(&mut self, peer: Peer, now_ms: u64) -> RequestId {
        self.next_id += 1;
        let id = RequestId(self.next_id);
        self.peers.entry(peer).or_default().in_flight = Some((id, now_ms));
        id
    }

    /// The peer whose request in flight this is, which is in flight no longer.
    pub(crate) fn finish(&mut self, id: RequestId) -> Option<Peer> {
        let (peer, connection) = self
            .peers
            .iter_mut()
            .find(|(_, connection)| connection.in_flight.is_some_and(|(sent, _)| sent == id))?;
        connection.in_flight = None;
        Some(*peer)
    }

    pub(crate) fn back_off(&mut self, peer: Peer, now_ms: u64, timeouts: &Timeouts) {
        self.peers.entry(peer).or_default().ready_at_ms = now_ms + timeouts.retry_backoff_ms;
    }

    /// Gives up requests that were not answered in time.
    pub(crate) fn expire(&mut self, now_ms: u64, timeouts: &Timeouts) {
        for connection in self.peers.values_mut() {
            if let Some((_, sent_at)) = connection.in_flight
                && sent_at + timeouts.request_ms <= now_ms
            {
                connection.in_flight = None;
                connection.ready_at_ms = now_ms + timeouts.retry_backoff_ms;
            }
        }
    }

    /// Forgets all requests in flight: their answers belong to another epoch or role.
    pub(crate) fn reset(&mut self) {
        for connection in self.peers.values_mut() {
            *connection = Connection::default();
        }
    }

    /// When the state of a connection changes by itself.
    pub(crate) fn deadline(&self, now_ms: u64, timeouts: &Timeouts) -> Option<u64> {
        self.peers
            .values()
            .filter_map(|connection| match connection.in_flight {
                Some((_, sent_at)) => Some(sent_at + timeouts.request_ms),
                None => (connection.ready_at_ms > now_ms).then_some(connection.ready_at_ms),
            })
            .min()
    }
}
