//! A request on its way.

use std::fmt;

use barnabas_wire::{ApiKey, EncodeError, Request, VersionRange, encode_request};
use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::PeerError;

/// Encodes the request for a version and correlation id.
type Encode = Box<dyn Fn(i16, i32) -> Result<Bytes, EncodeError> + Send>;

/// A response frame, and the version that it is in.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) version: i16,
    pub(super) frame: Bytes,
}

pub(super) struct Job {
    pub(super) key: ApiKey,
    /// The versions that this node can use.
    pub(super) versions: VersionRange,
    pub(super) encode: Encode,
    pub(super) deadline: Instant,
    pub(super) reply: oneshot::Sender<Result<Answer, PeerError>>,
}

impl Job {
    pub(super) fn new<R: Request + Send + 'static>(
        request: R,
        versions: VersionRange,
        client_id: String,
        deadline: Instant,
        reply: oneshot::Sender<Result<Answer, PeerError>>,
    ) -> Self {
        let encode = move |version, correlation_id| {
            let frame = encode_request(version, correlation_id, Some(&client_id), &request)?;
            Ok(frame.bytes)
        };
        Self { key: R::KEY, versions, encode: Box::new(encode), deadline, reply }
    }

    pub(super) fn fail(self, error: PeerError) {
        // Whoever asked may have given up.
        let _ = self.reply.send(Err(error));
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("key", &self.key).finish_non_exhaustive()
    }
}
