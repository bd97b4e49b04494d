//! `PartitionChangeRecord`, key 5.

use barnabas_wire::{Message, Uuid};

/// A partition changed: fields that are absent stay as they were.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct PartitionChangeRecord {
    /// Partition number.
    #[field(default = -1)]
    pub partition_id: i32,
    /// Topic id.
    pub topic_id: Uuid,
    /// New in-sync replicas; null for no change.
    #[field(tag = 0, default = None)]
    pub isr: Option<Vec<i32>>,
    /// New leader, -1 none, -2 no change. Any but -2 bumps the leader epoch.
    #[field(tag = 1, default = -2)]
    pub leader: i32,
    /// New replicas; null for no change.
    #[field(tag = 2, default = None)]
    pub replicas: Option<Vec<i32>>,
    /// New removing replicas; null for no change.
    #[field(tag = 3, default = None)]
    pub removing_replicas: Option<Vec<i32>>,
    /// New adding replicas; null for no change.
    #[field(tag = 4, default = None)]
    pub adding_replicas: Option<Vec<i32>>,
    /// 0 recovered, 1 recovering, -1 no change.
    #[field(tag = 5, default = -1)]
    pub leader_recovery_state: i8,
    /// New directories; null for no change.
    #[field(versions = "1+", tag = 8, default = None)]
    pub directories: Option<Vec<Uuid>>,
    /// New eligible leader replicas; null for no change.
    #[field(versions = "2+", tag = 6, default = None)]
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// New last known leader; null for no change.
    #[field(versions = "2+", tag = 7, default = None)]
    pub last_known_elr: Option<Vec<i32>>,
}
