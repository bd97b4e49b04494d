//! A connection that only shows whether its peer lives.

use std::time::Duration;

use barnabas_wire::ApiKey;
use tokio::time::timeout;

use super::link::Link;
use super::versions::Told;
use super::{Dialer, PeerAddress, PeerError};

/// Largest answer to ApiVersions.
const FRAME_MAX: usize = 1 << 20;

/// An open connection to a node that answered once. It breaks as soon as the process ends; a
/// process that stands still leaves questions without an answer.
pub struct Probe {
    link: Link,
}

impl Probe {
    /// Connects and asks once.
    ///
    /// # Errors
    /// [`PeerError`]; the caller bounds the time.
    pub async fn open(dialer: &dyn Dialer, to: &PeerAddress) -> Result<Self, PeerError> {
        let dialed = dialer.dial(&to.host, to.port).await;
        let stream = dialed.map_err(|error| PeerError::Unreachable(error.kind()))?;
        Ok(Self { link: Link::negotiate(stream, FRAME_MAX).await? })
    }

    /// Asks again.
    ///
    /// # Errors
    /// [`PeerError::Timeout`] without an answer within the limit, others when the connection broke.
    pub async fn ask(&mut self, limit: Duration) -> Result<(), PeerError> {
        let version = ApiKey::ApiVersions.latest_stable_version();
        match timeout(limit, self.link.ask_versions(version)).await {
            Ok(Ok(Told::Versions(_) | Told::AskAgain(_))) => Ok(()),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(PeerError::Timeout(limit)),
        }
    }

    /// Does nothing for a while.
    ///
    /// # Errors
    /// [`PeerError::Disconnected`], as soon as the connection breaks.
    pub async fn rest(&mut self, pause: Duration) -> Result<(), PeerError> {
        match timeout(pause, self.link.fill()).await {
            Ok(Ok(())) => Err(PeerError::Correlation),
            Ok(Err(error)) => Err(error),
            Err(_) => Ok(()),
        }
    }
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Probe").finish_non_exhaustive()
    }
}
