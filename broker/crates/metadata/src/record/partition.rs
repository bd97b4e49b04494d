//! `PartitionRecord`, key 3.

use barnabas_wire::{Message, Uuid};

/// A partition was created, or its whole state in a snapshot.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct PartitionRecord {
    /// Partition number.
    #[field(default = -1)]
    pub partition_id: i32,
    /// Topic id.
    pub topic_id: Uuid,
    /// Replicas, the preferred leader first.
    pub replicas: Vec<i32>,
    /// In-sync replicas.
    pub isr: Vec<i32>,
    /// Replicas that a reassignment removes.
    pub removing_replicas: Vec<i32>,
    /// Replicas that a reassignment adds.
    pub adding_replicas: Vec<i32>,
    /// Leader; -1 none.
    #[field(default = -1)]
    pub leader: i32,
    /// 0 recovered, 1 recovering from an unclean election (KIP-704).
    #[field(tag = 0)]
    pub leader_recovery_state: i8,
    /// Leader epoch.
    #[field(default = -1)]
    pub leader_epoch: i32,
    /// Grows with every change.
    #[field(default = -1)]
    pub partition_epoch: i32,
    /// Log directory of each replica (KIP-858).
    #[field(versions = "1+")]
    pub directories: Vec<Uuid>,
    /// Eligible leader replicas (KIP-966).
    #[field(versions = "2+", tag = 1, default = None)]
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// Last known leader when there is no other (KIP-966).
    #[field(versions = "2+", tag = 2, default = None)]
    pub last_known_elr: Option<Vec<i32>>,
}
