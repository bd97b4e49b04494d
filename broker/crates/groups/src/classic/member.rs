//! One member.

use bytes::Bytes;

use crate::step::Ticket;

#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) id: String,
    /// `group.instance.id` of a static member.
    pub(super) instance_id: Option<String>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) session_timeout_ms: i32,
    pub(super) protocol_type: String,
    /// Names and metadata, the preferred first.
    pub(super) protocols: Vec<(String, Bytes)>,
    pub(super) assignment: Bytes,
    /// A JoinGroup that waits for the others.
    pub(super) joining: Option<Ticket>,
    /// A SyncGroup that waits for the leader.
    pub(super) syncing: Option<Ticket>,
    /// It has not been told its id yet, so it cannot send heartbeats.
    pub(super) is_new: bool,
}

impl Member {
    pub(super) fn metadata(&self, protocol: &str) -> Option<&Bytes> {
        self.protocols.iter().find(|(name, _)| name == protocol).map(|(_, metadata)| metadata)
    }

    pub(super) fn supports(&self, protocol: &str) -> bool {
        self.metadata(protocol).is_some()
    }
}
