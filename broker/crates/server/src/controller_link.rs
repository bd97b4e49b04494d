//! The seam to the controller: what handlers ask it, whether it runs in this process or not.

mod cluster;
mod forward;
mod quorum_view;
mod remote;
mod repeat;
mod voters;

pub use cluster::ClusterController;
pub use voters::{VoterChange, VoterChanged};

use std::fmt::Debug;
use std::future::Future;

use barnabas_controller::{Request, Response};
use barnabas_quorum::QuorumView;
use futures::future::BoxFuture;

/// The active controller cannot be reached: worth another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no controller is active")]
pub struct ControllerUnavailable;

/// What a node knows of the metadata quorum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuorumState {
    /// The active controller, if one is known.
    pub leader: Option<i32>,
    /// The level of `kraft.version`.
    pub kraft_version: i16,
}

/// A way to the active controller.
pub trait ControllerLink: Debug + Send + Sync {
    /// Asks the active controller, on behalf of a principal that may ask this. The answer comes
    /// when what it says is committed and, if clients look for its effect, in this node's image.
    ///
    /// Retries while no controller is active, or another one becomes it. A request that came
    /// [`directly`] is for the controller of this process only.
    fn ask(&self, request: Request) -> BoxFuture<'_, Result<Response, ControllerUnavailable>>;

    /// How far the replicas of the metadata log are.
    fn describe_quorum(&self) -> BoxFuture<'_, Result<QuorumView, ControllerUnavailable>>;

    /// What this node knows of the quorum without asking.
    fn quorum_state(&self) -> QuorumState;

    /// Adds or removes a voter of the metadata quorum.
    fn change_voters(
        &self,
        change: VoterChange,
    ) -> BoxFuture<'_, Result<VoterChanged, ControllerUnavailable>> {
        // A link without a quorum behind it.
        drop(change);
        Box::pin(async { Err(ControllerUnavailable) })
    }

    /// Hands a request of another member to the metadata quorum of this process.
    fn peer(
        &self,
        request: barnabas_quorum::Request,
    ) -> BoxFuture<'_, Result<barnabas_quorum::Response, ControllerUnavailable>>;
}

tokio::task_local! {
    static DIRECT: ();
}

/// The future of a request that came over a controller listener: whoever sent it takes this node
/// for the active controller, and is told if it is not.
pub fn directly<F: Future>(request: F) -> impl Future<Output = F::Output> {
    DIRECT.scope((), request)
}

fn is_direct() -> bool {
    DIRECT.try_with(|()| ()).is_ok()
}
