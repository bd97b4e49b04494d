//! The seam to the controller: what handlers ask it, whether it runs in this process or not.

use std::fmt::Debug;

use barnabas_controller::{Request, Response};
use barnabas_quorum::QuorumView;
use futures::future::BoxFuture;

/// The active controller cannot be reached: worth another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no controller is active")]
pub struct ControllerUnavailable;

/// A way to the active controller.
pub trait ControllerLink: Debug + Send + Sync {
    /// Asks the active controller, on behalf of a principal that may ask this. The answer comes
    /// when what it says is committed and in this node's image.
    fn ask(&self, request: Request) -> BoxFuture<'_, Result<Response, ControllerUnavailable>>;

    /// How far the replicas of the metadata log are.
    fn describe_quorum(&self) -> BoxFuture<'_, Result<QuorumView, ControllerUnavailable>>;

    /// Hands a request of another member to the metadata quorum of this process.
    fn peer(
        &self,
        request: barnabas_quorum::Request,
    ) -> BoxFuture<'_, Result<barnabas_quorum::Response, ControllerUnavailable>>;
}
