//! One partition's registration.

use barnabas_wire::Uuid;

use crate::record::{PartitionChangeRecord, PartitionRecord};

use super::{ClusterImage, ReplayError};

/// Leader id of a partition that nobody leads.
pub const NO_LEADER: i32 = -1;

/// In a change record: the leader stays, and so does the leader epoch.
const NO_LEADER_CHANGE: i32 = -2;

/// Whether the leader may have lost acknowledged data (KIP-704).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaderRecoveryState {
    /// Elected from the ISR, or recovered since.
    Recovered,
    /// Elected uncleanly and not yet recovered.
    Recovering,
}

/// Replicas, leader and epochs of a partition (Kafka: `PartitionRegistration`).
///
/// Invariants: `directories` pairs with `replicas`; `leader_epoch` and `partition_epoch` never
/// go back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionImage {
    /// Broker ids in order of preference; the first is the preferred leader.
    pub replicas: Vec<i32>,
    /// Log directory of each replica.
    pub directories: Vec<Uuid>,
    /// In-sync replicas.
    pub isr: Vec<i32>,
    /// Replicas that go when the reassignment completes.
    pub removing_replicas: Vec<i32>,
    /// Replicas that the reassignment adds.
    pub adding_replicas: Vec<i32>,
    /// Eligible leader replicas (KIP-966).
    pub elr: Vec<i32>,
    /// The last known leader when ISR and ELR are empty (KIP-966).
    pub last_known_elr: Vec<i32>,
    /// Leader, or [`NO_LEADER`].
    pub leader: i32,
    /// See [`LeaderRecoveryState`].
    pub leader_recovery_state: LeaderRecoveryState,
    /// Grows whenever a leader is set.
    pub leader_epoch: i32,
    /// Grows with every change.
    pub partition_epoch: i32,
}

impl PartitionImage {
    /// Whether anyone leads it.
    #[must_use]
    pub fn has_leader(&self) -> bool {
        self.leader != NO_LEADER
    }

    /// Whether replicas are being added or removed.
    #[must_use]
    pub fn is_reassigning(&self) -> bool {
        !self.removing_replicas.is_empty() || !self.adding_replicas.is_empty()
    }

    /// Whether a broker is unfenced and the log directory of its replica online.
    #[must_use]
    pub fn is_online(&self, broker_id: i32, cluster: &ClusterImage) -> bool {
        let online = |dir| cluster.broker(broker_id).is_some_and(|it| it.has_online_dir(dir));
        cluster.broker(broker_id).is_some_and(|broker| !broker.fenced)
            && self.directory(broker_id).is_none_or(online)
    }

    /// The directory of a broker's replica; none when it holds no replica.
    #[must_use]
    pub fn directory(&self, broker_id: i32) -> Option<Uuid> {
        let index = self.replicas.iter().position(|replica| *replica == broker_id)?;
        self.directories.get(index).copied()
    }

    /// The record that creates the partition in this state.
    #[must_use]
    pub fn record(&self, topic_id: Uuid, partition_id: i32) -> PartitionRecord {
        PartitionRecord {
            partition_id,
            topic_id,
            replicas: self.replicas.clone(),
            isr: self.isr.clone(),
            removing_replicas: self.removing_replicas.clone(),
            adding_replicas: self.adding_replicas.clone(),
            leader: self.leader,
            leader_recovery_state: self.leader_recovery_state.value(),
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            directories: self.directories.clone(),
            eligible_leader_replicas: non_empty(&self.elr),
            last_known_elr: non_empty(&self.last_known_elr),
        }
    }

    /// The state that a creation record describes.
    ///
    /// # Errors
    /// [`ReplayError`] for directories that do not pair with the replicas and for an unknown
    /// recovery state.
    pub fn from_record(record: &PartitionRecord) -> Result<Self, ReplayError> {
        let mut directories = record.directories.clone();
        if directories.is_empty() {
            directories = vec![Uuid::MIGRATING_DIR; record.replicas.len()];
        }
        let image = Self {
            replicas: record.replicas.clone(),
            directories,
            isr: record.isr.clone(),
            removing_replicas: record.removing_replicas.clone(),
            adding_replicas: record.adding_replicas.clone(),
            elr: record.eligible_leader_replicas.clone().unwrap_or_default(),
            last_known_elr: record.last_known_elr.clone().unwrap_or_default(),
            leader: record.leader,
            leader_recovery_state: recovery_state("PartitionRecord", record.leader_recovery_state)?,
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
        };
        image.checked(record.topic_id, record.partition_id)
    }

    /// This partition after a change.
    ///
    /// # Errors
    /// As [`PartitionImage::from_record`].
    pub fn changed(&self, record: &PartitionChangeRecord) -> Result<Self, ReplayError> {
        let mut new = self.clone();
        assign(&mut new.isr, record.isr.as_ref());
        assign(&mut new.removing_replicas, record.removing_replicas.as_ref());
        assign(&mut new.adding_replicas, record.adding_replicas.as_ref());
        assign(&mut new.elr, record.eligible_leader_replicas.as_ref());
        assign(&mut new.last_known_elr, record.last_known_elr.as_ref());
        if let Some(replicas) = &record.replicas {
            new.directories = replicas
                .iter()
                .map(|replica| self.directory(*replica).unwrap_or(Uuid::UNASSIGNED_DIR))
                .collect();
            new.replicas.clone_from(replicas);
        }
        assign(&mut new.directories, record.directories.as_ref());
        if record.leader != NO_LEADER_CHANGE {
            new.leader = record.leader;
            new.leader_epoch += 1;
        }
        if record.leader_recovery_state != -1 {
            new.leader_recovery_state =
                recovery_state("PartitionChangeRecord", record.leader_recovery_state)?;
        }
        new.partition_epoch += 1;
        new.checked(record.topic_id, record.partition_id)
    }

    fn checked(self, topic_id: Uuid, partition: i32) -> Result<Self, ReplayError> {
        let (replicas, directories) = (self.replicas.len(), self.directories.len());
        if replicas == directories {
            return Ok(self);
        }
        Err(ReplayError::DirectoryCount { topic_id, partition, replicas, directories })
    }
}

impl LeaderRecoveryState {
    /// The value in records and requests.
    #[must_use]
    pub fn value(self) -> i8 {
        match self {
            Self::Recovered => 0,
            Self::Recovering => 1,
        }
    }

    /// The state of a value in a record or request.
    #[must_use]
    pub fn from_value(value: i8) -> Option<Self> {
        match value {
            0 => Some(Self::Recovered),
            1 => Some(Self::Recovering),
            _ => None,
        }
    }
}

fn recovery_state(record: &'static str, value: i8) -> Result<LeaderRecoveryState, ReplayError> {
    LeaderRecoveryState::from_value(value).ok_or_else(|| ReplayError::InvalidField {
        record,
        field: "leaderRecoveryState",
        value: value.to_string(),
    })
}

fn assign<T: Clone>(target: &mut Vec<T>, source: Option<&Vec<T>>) {
    if let Some(source) = source {
        target.clone_from(source);
    }
}

fn non_empty(replicas: &[i32]) -> Option<Vec<i32>> {
    (!replicas.is_empty()).then(|| replicas.to_vec())
}
