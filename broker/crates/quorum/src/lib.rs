//! KRaft: election with pre-vote, replication by Fetch, snapshots and voter sets, without I/O.
//!
//! [`Raft`] never reads the clock, opens a socket or writes to disk. The driver calls
//! [`Raft::step`] with the time and an [`Event`] and executes the [`Action`]s in order:
//!
//! ```text
//!            Event (request, answer, flushed, tick, …)
//!   driver ───────────────────────────────────────────▶ Raft
//!     ▲                                                  │
//!     └──────────────────────────────────────────────────┘
//!            Action (send, respond, append, flush, …)
//! ```
//!
//! Two rules make that safe. `WriteQuorumState` is durable before any later action is executed,
//! and log changes (`Append…`, `Truncate`, `InstallSnapshot`) are visible through [`LogView`]
//! before the next step. Only `Flush` may complete later, reported by [`Event::Flushed`].
//!
//! It does not decode batches, map wire messages or decide what the log means.

mod action;
mod config;
mod connection;
mod control;
mod election;
mod event;
mod id;
mod log;
mod progress;
mod raft;
mod random;
mod role;
mod rpc;
mod voter;

pub use action::{Action, Fault, FetchRead, SnapshotRead};
pub use config::{Config, Limits, Timeouts};
pub use connection::{Peer, RequestId};
pub use control::{ControlError, ControlRecord, ControlType, LeaderChange, SnapshotHeader};
pub use election::Election;
pub use event::{Event, Token};
pub use id::{Endpoint, Epoch, LogPosition, NodeId, ReplicaKey};
pub use log::LogView;
pub use raft::{Initial, QuorumView, Raft, ReplicaView};
pub use role::RoleName;
pub use rpc::{
    AddVoterRequest, BeginQuorumEpochRequest, BeginQuorumEpochResponse, EndQuorumEpochRequest,
    EndQuorumEpochResponse, FetchBody, FetchRequest, FetchResponse, FetchSnapshotRequest,
    FetchSnapshotResponse, Leadership, RemoveVoterRequest, Request, Response, UpdateVoterRequest,
    VoteRequest, VoteResponse, VoterChangeResponse,
};
pub use voter::{Voter, VoterHistory, VoterSet};
