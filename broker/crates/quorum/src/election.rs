//! The durable part of a node's state.

use crate::{Epoch, NodeId, ReplicaKey};

/// What `quorum-state` holds; durable before the node acts on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Election {
    /// The newest epoch seen.
    pub epoch: Epoch,
    /// The leader of that epoch, when known.
    pub leader: Option<NodeId>,
    /// Whom this node voted for in that epoch.
    pub voted: Option<ReplicaKey>,
}
