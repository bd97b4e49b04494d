//! What can happen to a node.

use bytes::Bytes;

use crate::{ControlRecord, Request, RequestId, Response};

/// Names a request of a peer until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub u64);

/// Input of [`crate::Raft::step`].
#[derive(Clone, Debug)]
pub enum Event {
    /// The time of [`crate::Raft::deadline`] has come.
    Tick,
    /// A peer asks.
    Request {
        /// To be used in the answer.
        token: Token,
        /// What it asks.
        request: Request,
    },
    /// A peer answered.
    Response {
        /// The request that it answers.
        id: RequestId,
        /// The answer.
        response: Response,
    },
    /// A request could not be delivered, or its connection broke before the answer.
    Unreachable {
        /// The request that failed.
        id: RequestId,
    },
    /// Nobody listens where the peer was: its process ended.
    Refused {
        /// The request that failed.
        id: RequestId,
    },
    /// A peer does not know the version that a request needs (a pre-vote, to an old voter).
    Unsupported {
        /// The request that failed.
        id: RequestId,
    },
    /// The state machine above wants a batch in the log. Answered by `Append` or `Refuse`.
    Propose {
        /// Names the proposal in the answer.
        proposal: u64,
        /// The epoch in which the proposer believes to lead.
        epoch: crate::Epoch,
        /// One complete batch.
        batch: Bytes,
    },
    /// An append or truncation has been executed. Always follows such an action.
    LogChanged {
        /// The control records that were appended, each with its offset.
        control: Vec<(i64, ControlRecord)>,
    },
    /// Everything below the offset is durable.
    Flushed {
        /// The durable end of the log.
        end_offset: i64,
    },
    /// `InstallSnapshot` has been executed: the log is empty and starts at the snapshot's end.
    SnapshotInstalled {
        /// The control records in the snapshot.
        control: Vec<ControlRecord>,
    },
    /// The state machine above cannot lead (a fault while it handled something).
    Resign {
        /// Ignored unless this node leads in that epoch.
        epoch: crate::Epoch,
    },
    /// Stop gracefully; ends with `ShutdownComplete`.
    Shutdown,
}
