//! What a node is told at its start.

use barnabas_wire::Uuid;

use crate::{Endpoint, NodeId, ReplicaKey};

/// Identity, timers and limits of one node.
#[derive(Clone, Debug)]
pub struct Config {
    /// This node.
    pub node: NodeId,
    /// The directory of its metadata log.
    pub directory: Uuid,
    /// `cluster.id`; requests that carry another one are refused.
    pub cluster_id: String,
    /// The default controller listener: endpoints of that name are used for requests.
    pub listener: String,
    /// Own controller endpoints; empty for a node without the controller role.
    pub endpoints: Vec<Endpoint>,
    /// `controller.quorum.bootstrap.servers`.
    pub bootstrap: Vec<Endpoint>,
    /// Whether this node has the controller role, and so may become a voter.
    pub is_controller: bool,
    /// `controller.quorum.auto.join.enable`: a controller that is no voter makes itself one.
    pub auto_join: bool,
    /// Timers.
    pub timeouts: Timeouts,
    /// Bounds.
    pub limits: Limits,
    /// Seed of the randomness that spreads election timeouts.
    pub seed: u64,
}

impl Config {
    /// This node's name as a replica.
    #[must_use]
    pub fn key(&self) -> ReplicaKey {
        ReplicaKey::new(self.node, self.directory)
    }

    pub(crate) fn own_endpoint(&self) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.listener == self.listener)
    }
}

/// Timers, in milliseconds, with Kafka's defaults.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// `controller.quorum.election.timeout.ms`; the real one is random in `[T, 2T)`.
    pub election_ms: u64,
    /// `controller.quorum.fetch.timeout.ms`.
    pub fetch_ms: u64,
    /// `controller.quorum.election.backoff.max.ms`.
    pub election_backoff_max_ms: u64,
    /// `controller.quorum.request.timeout.ms`.
    pub request_ms: u64,
    /// `controller.quorum.retry.backoff.ms`.
    pub retry_backoff_ms: u64,
    /// How long a leader may hold this node's Fetch.
    pub fetch_max_wait_ms: u64,
    /// An observer that has not fetched for so long is forgotten.
    pub observer_session_ms: u64,
    /// How long a graceful shutdown waits for a successor.
    pub shutdown_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            election_ms: 1_000,
            fetch_ms: 2_000,
            election_backoff_max_ms: 1_000,
            request_ms: 2_000,
            retry_backoff_ms: 20,
            fetch_max_wait_ms: 500,
            observer_session_ms: 300_000,
            shutdown_ms: 5_000,
        }
    }
}

/// Bounds on what peers can make this node hold or send.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `controller.quorum.fetch.max.bytes`.
    pub fetch_max_bytes: u32,
    /// `controller.quorum.fetch.snapshot.max.bytes`.
    pub snapshot_chunk_max_bytes: u32,
    /// Fetches parked at the leader; one above is answered at once.
    pub parked_fetches_max: usize,
    /// Observers that the leader remembers; further ones are served and not remembered.
    pub observers_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fetch_max_bytes: 1 << 20,
            snapshot_chunk_max_bytes: 1 << 20,
            parked_fetches_max: 4_096,
            observers_max: 4_096,
        }
    }
}
