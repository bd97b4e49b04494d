//! What one request or timer brings about.

use barnabas_wire::api::join_group::JoinGroupResponse;
use barnabas_wire::api::sync_group::SyncGroupResponse;

use crate::record::Record;

/// Names a request that may be answered later. The shell chooses a new one for every JoinGroup and
/// SyncGroup; each is answered exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Who asks.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// `client_id` of the request header, empty when null.
    pub id: String,
    /// The address as Java prints it: `/127.0.0.1`.
    pub host: String,
    /// Version of the request.
    pub version: i16,
}

/// The answer to a request that could wait.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To a JoinGroup.
    Join(JoinGroupResponse),
    /// To a SyncGroup.
    Sync(SyncGroupResponse),
}

/// Records to append in order, and replies that may be given out once they are committed.
#[derive(Debug, Default)]
pub struct Step {
    /// To be appended to the coordinator's partition.
    pub records: Vec<Record>,
    /// Answers by ticket.
    pub replies: Vec<(Ticket, Reply)>,
}
