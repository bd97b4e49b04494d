//! Why a peer did not answer.

use std::io;
use std::time::Duration;

use barnabas_wire::{ApiKey, DecodeError, EncodeError, ErrorCode};

use crate::net::FrameError;

/// A request was not answered. Whether the peer acted on it is not known, unless it could not be
/// reached at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// No connection: refused, no route, a name without address.
    #[error("cannot connect: {0}")]
    Unreachable(io::ErrorKind),
    /// The connection broke before the answer.
    #[error("the connection broke")]
    Disconnected,
    /// No answer in time; the connection is closed with all that waits on it.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The peer does not know the API, or no version of it that this node knows too.
    #[error("the peer does not serve {} in a usable version", .0.name())]
    Unsupported(ApiKey),
    /// The peer does not tell which versions it serves.
    #[error("the peer answered ApiVersions with {0:?}")]
    Refused(ErrorCode),
    /// The version that the peer knows cannot carry the request.
    #[error("cannot encode the request: {0}")]
    Encode(#[from] EncodeError),
    /// The peer answers with something else.
    #[error("malformed response: {0}")]
    Decode(#[from] DecodeError),
    /// The peer sends what is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The peer answers something that was not asked.
    #[error("a response to another request")]
    Correlation,
}

impl PeerError {
    /// Whether nobody listens there: the process is gone, its machine is not.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::Unreachable(io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset)
        )
    }
}
