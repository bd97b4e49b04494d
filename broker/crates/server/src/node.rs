//! What handlers share: the node's identity, its cores and its seams.

use std::sync::Arc;

use arc_swap::ArcSwap;
use barnabas_metadata::Image;

use crate::access::{AllowAll, Authorizer, Quotas, Unlimited};
use crate::clock::Clock;
use crate::net::{Admission, Limits};

/// Who this node is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `node.id`.
    pub node_id: i32,
    /// Id of the cluster, as in `meta.properties`.
    pub cluster_id: Arc<str>,
}

/// One broker's shared state. There is no other: whatever a handler may look at is a field here.
#[derive(Debug)]
pub struct Node {
    /// Who this node is.
    pub identity: Identity,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Limits of the network layer.
    pub limits: Limits,
    /// Open connections.
    pub admission: Arc<Admission>,
    /// Access control.
    pub authorizer: Arc<dyn Authorizer>,
    /// Quotas.
    pub quotas: Arc<dyn Quotas>,
    /// The metadata of the cluster, as of the last record that this broker has seen committed.
    pub image: ArcSwap<Image>,
}

impl Node {
    /// A node with an empty image, without access control and quotas.
    #[must_use]
    pub fn new(identity: Identity, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self {
            identity,
            clock,
            limits,
            admission: Arc::default(),
            authorizer: Arc::new(AllowAll),
            quotas: Arc::new(Unlimited),
            image: ArcSwap::from_pointee(Image::default()),
        }
    }
}
