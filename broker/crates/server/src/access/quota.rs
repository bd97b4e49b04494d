//! The seam to quotas (KIP-124, KIP-219).

use std::fmt::Debug;
use std::time::Duration;

use crate::api::RequestContext;

/// What one request used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of the request's frame.
    pub request_bytes: usize,
    /// Bytes of the response's frame, record data included.
    pub response_bytes: usize,
}

/// Measures use against quotas.
pub trait Quotas: Debug + Send + Sync {
    /// Accounts a request that has just been answered. The connection is not read from for the
    /// returned time (KIP-219: the response goes out at once, the client is muted afterwards).
    fn record(&self, context: &RequestContext, usage: Usage) -> Duration;
}

/// No quotas.
#[derive(Clone, Copy, Debug)]
pub struct Unlimited;

impl Quotas for Unlimited {
    fn record(&self, _: &RequestContext, _: Usage) -> Duration {
        Duration::ZERO
    }
}
