//! One connection per peer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use barnabas_wire::{Request, VersionRange};

use super::{Dialer, PeerAddress, PeerConnection, PeerError};

/// Largest response that a peer may send: more than `replica.fetch.response.max.bytes` and
/// `controller.quorum.fetch.max.bytes` ask for, with a batch of `message.max.bytes` above them.
const FRAME_MAX: usize = 100 << 20;

/// Connections to any number of peers, for one purpose.
#[derive(Debug)]
pub struct Peers {
    dialer: Arc<dyn Dialer>,
    client_id: String,
    /// By node id: a node that moved is known by its newest address only.
    open: Mutex<BTreeMap<i32, (PeerAddress, Arc<PeerConnection>)>>,
}

impl Peers {
    /// No connections yet. The client id says who asks and what for.
    #[must_use]
    pub fn new(dialer: Arc<dyn Dialer>, client_id: String) -> Self {
        Self { dialer, client_id, open: Mutex::default() }
    }

    /// Asks a peer, in the highest version that both sides know.
    ///
    /// # Errors
    /// [`PeerError`], at once when the connection is refused or breaks.
    pub async fn call<R: Request + Send + 'static>(
        &self,
        to: &PeerAddress,
        request: R,
        limit: Duration,
    ) -> Result<R::Response, PeerError> {
        self.connection(to).call(request, limit).await
    }

    /// Asks a peer, in a version of the range.
    ///
    /// # Errors
    /// [`PeerError`].
    pub async fn call_in<R: Request + Send + 'static>(
        &self,
        to: &PeerAddress,
        versions: VersionRange,
        request: R,
        limit: Duration,
    ) -> Result<R::Response, PeerError> {
        self.connection(to).call_in(versions, request, limit).await
    }

    /// The connection to a peer, which may not be open.
    #[must_use]
    pub fn connection(&self, to: &PeerAddress) -> Arc<PeerConnection> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((address, connection)) = open.get(&to.id)
            && address == to
        {
            return Arc::clone(connection);
        }
        let (dialer, client_id) = (Arc::clone(&self.dialer), self.client_id.clone());
        let connection = PeerConnection::new(dialer, to.clone(), client_id, FRAME_MAX);
        let connection = Arc::new(connection);
        open.insert(to.id, (to.clone(), Arc::clone(&connection)));
        connection
    }

    /// Closes the connection to a node, once the requests in flight are answered.
    pub fn forget(&self, id: i32) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}
