//! Names of things in a quorum.

use std::fmt;

use barnabas_wire::Uuid;

/// A node's id (`node.id`), 0 or more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub i32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A leader epoch: grows with every election, 0 before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub i32);

impl Epoch {
    /// The epoch after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A replica: a node and the directory that holds its log (KIP-853).
///
/// The directory is absent while voters are static (kraft.version 0).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaKey {
    /// The node.
    pub id: NodeId,
    /// Its metadata log directory.
    pub directory: Option<Uuid>,
}

impl ReplicaKey {
    /// A replica in a known directory.
    #[must_use]
    pub fn new(id: NodeId, directory: Uuid) -> Self {
        Self { id, directory: Some(directory) }
    }
}

/// An end of a log, or the name of a snapshot: everything below `offset`, the last of it written
/// in `epoch`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogPosition {
    /// The first offset that is not contained.
    pub offset: i64,
    /// The epoch of the last record below it.
    pub epoch: Epoch,
}

impl LogPosition {
    /// The bootstrap snapshot's name: voters of a dynamic quorum, never replicated.
    pub const BOOTSTRAP: Self = Self { offset: 0, epoch: Epoch(0) };

    /// Whether a log that ends here holds at least as much as one that ends at `other` (Raft's
    /// "at least as up to date").
    #[must_use]
    pub fn is_up_to_date(self, other: Self) -> bool {
        (self.epoch, self.offset) >= (other.epoch, other.offset)
    }
}

/// Where a listener of a node can be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Listener name, for example `CONTROLLER`.
    pub listener: String,
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}
