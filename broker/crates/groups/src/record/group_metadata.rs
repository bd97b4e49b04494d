//! GroupMetadata (type 2): the last settled state of a classic group.

use barnabas_wire::Message;
use bytes::Bytes;

/// Names the group.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0")]
pub struct GroupMetadataKey {
    /// The group.
    pub group: String,
}

/// A group, stable or empty.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-4", flexible = "4+")]
pub struct GroupMetadataValue {
    /// `consumer`, `connect`, …; empty for a group that never had members.
    pub protocol_type: String,
    /// Counts the rebalances.
    pub generation: i32,
    /// The chosen protocol.
    pub protocol: Option<String>,
    /// Member id of the leader.
    pub leader: Option<String>,
    /// When the group came into this state.
    #[field(versions = "2+", default = -1, ignorable)]
    pub current_state_timestamp: i64,
    /// The members; none when the group is empty.
    pub members: Vec<MemberMetadata>,
}

/// A member of a stable group.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct MemberMetadata {
    /// Id that the coordinator gave.
    pub member_id: String,
    /// `group.instance.id` of a static member.
    #[field(versions = "3+", default = None, ignorable)]
    pub group_instance_id: Option<String>,
    /// `client.id`.
    pub client_id: String,
    /// Address as Java prints it.
    pub client_host: String,
    /// Milliseconds; -1 in old records.
    #[field(versions = "1+", default = -1, ignorable)]
    pub rebalance_timeout: i32,
    /// Milliseconds.
    pub session_timeout: i32,
    /// The member's metadata for the chosen protocol.
    pub subscription: Bytes,
    /// What the leader assigned to it.
    pub assignment: Bytes,
}
