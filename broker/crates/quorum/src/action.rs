//! What a node wants done.

use bytes::Bytes;

use crate::{
    ControlRecord, Election, Endpoint, Epoch, Leadership, LogPosition, NodeId, Peer, Request,
    RequestId, Response, Token,
};

/// Output of [`crate::Raft::step`], to be executed in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Store `quorum-state`; durable before any later action.
    WriteQuorumState(Election),
    /// Send a request to a peer.
    Send {
        /// Names the request in the answering event.
        id: RequestId,
        /// The peer.
        to: Peer,
        /// Where it is.
        endpoint: Endpoint,
        /// What to ask.
        request: Request,
    },
    /// Answer a peer.
    Respond {
        /// The peer's request.
        token: Token,
        /// The answer.
        response: Response,
    },
    /// Answer a Fetch with records read from the log.
    RespondFetch {
        /// The peer's request.
        token: Token,
        /// What to read.
        read: FetchRead,
    },
    /// Answer a FetchSnapshot with bytes of a snapshot.
    RespondSnapshot {
        /// The peer's request.
        token: Token,
        /// What to read.
        read: SnapshotRead,
    },
    /// Append control records as one batch of this epoch (leader).
    AppendControl {
        /// The leader epoch of the batch.
        epoch: Epoch,
        /// The records, in order.
        records: Vec<ControlRecord>,
    },
    /// Append a proposed batch (leader).
    Append {
        /// The proposal.
        proposal: u64,
        /// The leader epoch of the batch.
        epoch: Epoch,
        /// The batch.
        batch: Bytes,
    },
    /// Refuse a proposal: this node does not lead in that epoch.
    Refuse {
        /// The proposal.
        proposal: u64,
    },
    /// Append fetched batches as they are, after checking CRC, offsets and that no batch has an
    /// epoch above `epoch`; a bad batch and what follows it is dropped (follower).
    AppendFetched {
        /// The epoch that was fetched under.
        epoch: Epoch,
        /// One or more batches; the last may be cut short.
        records: Bytes,
    },
    /// Drop everything from the offset on.
    Truncate {
        /// The new end.
        end_offset: i64,
    },
    /// Make the log durable and report [`crate::Event::Flushed`].
    Flush,
    /// Write fetched bytes to a snapshot in progress (position 0 starts it anew).
    WriteSnapshot {
        /// The snapshot.
        id: LogPosition,
        /// Where the bytes go.
        position: u64,
        /// The bytes.
        bytes: Bytes,
    },
    /// Freeze a fetched snapshot, restart the log at its end, reload the state machine, then
    /// report [`crate::Event::SnapshotInstalled`].
    InstallSnapshot {
        /// The snapshot.
        id: LogPosition,
    },
    /// Records below the offset are committed.
    HighWatermark {
        /// The high watermark.
        offset: i64,
    },
    /// The leader, or the epoch, is another one.
    LeaderChanged {
        /// The epoch.
        epoch: Epoch,
        /// Its leader, when known.
        leader: Option<NodeId>,
    },
    /// This node leads, and everything before its epoch is committed: the state machine above may
    /// act as the active one.
    LeadershipEstablished {
        /// The epoch.
        epoch: Epoch,
    },
    /// The graceful shutdown is over.
    ShutdownComplete,
    /// Going on would lose or contradict committed data: stop the process.
    Fatal(Fault),
}

/// Records to read for a Fetch.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchRead {
    /// The leader, for the answer.
    pub leadership: Leadership,
    /// First offset.
    pub offset: i64,
    /// At least one whole batch, else at most so many bytes.
    pub max_bytes: u32,
    /// The high watermark to report, -1 when not known.
    pub high_watermark: i64,
    /// The log start offset to report.
    pub log_start_offset: i64,
}

/// Bytes to read for a FetchSnapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotRead {
    /// The leader, for the answer.
    pub leadership: Leadership,
    /// The snapshot.
    pub id: LogPosition,
    /// Its size.
    pub size: u64,
    /// First byte, below `size`.
    pub position: u64,
    /// At most so many bytes.
    pub max_bytes: u32,
}

/// Why a node cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The leader's log does not contain what this node knows to be committed.
    #[error("the leader's log diverges at {end_offset}, below the high watermark {high_watermark}")]
    DivergedBelowHighWatermark {
        /// Where the logs part.
        end_offset: i64,
        /// What is known to be committed.
        high_watermark: i64,
    },
    /// Two nodes claim to lead in one epoch.
    #[error("nodes {known} and {claimed} both claim to lead in epoch {epoch}")]
    TwoLeaders {
        /// The epoch.
        epoch: Epoch,
        /// The leader known so far.
        known: NodeId,
        /// The other one.
        claimed: NodeId,
    },
    /// A peer considers a request of this node malformed.
    #[error("node {peer:?} refused a request as invalid")]
    RefusedAsInvalid {
        /// The peer.
        peer: Peer,
    },
}
