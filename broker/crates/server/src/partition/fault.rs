//! Why a partition refuses something, and the error code that tells a client so.

use barnabas_records::ValidationError;
use barnabas_records::validation::RecordFault;
use barnabas_replication::{EpochError, NotEnoughReplicas};
use barnabas_storage::{AppendError, DiskError, LogError, ProducerError, ReadError};
use barnabas_wire::ErrorCode;

/// A partition's refusal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The log cannot be appended to.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The client knows another leader epoch.
    #[error(transparent)]
    Epoch(#[from] EpochError),
    /// The topic id is not the one of this log.
    #[error("the partition belongs to a topic with another id")]
    InconsistentTopicId,
    /// The log cannot be changed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Too few replicas are in sync for acks=all.
    #[error(transparent)]
    NotEnoughReplicas(#[from] NotEnoughReplicas),
    /// The volume is full (Kafka: `KAFKA_STORAGE_ERROR`, which clients retry).
    #[error("there is no space for more records")]
    NoSpace,
    /// This broker does not lead the partition.
    #[error("this broker does not lead the partition")]
    NotLeader,
    /// The log directory failed (Kafka: `KAFKA_STORAGE_ERROR`).
    #[error("the log directory is offline")]
    Offline,
    /// The offset is not (yet) in the log.
    #[error("the offset is out of range")]
    OutOfRange,
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The produced records are refused.
    #[error(transparent)]
    Validation(#[from] ValidationError),
}

impl Fault {
    /// What a client is told.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Append(error) => append_code(error),
            Self::Epoch(EpochError::Fenced) => ErrorCode::FENCED_LEADER_EPOCH,
            Self::Epoch(_) => ErrorCode::UNKNOWN_LEADER_EPOCH,
            Self::InconsistentTopicId => ErrorCode::INCONSISTENT_TOPIC_ID,
            Self::Log(LogError::OutOfRange { .. }) | Self::OutOfRange => {
                ErrorCode::OFFSET_OUT_OF_RANGE
            }
            Self::Log(_) | Self::NoSpace | Self::Offline => ErrorCode::KAFKA_STORAGE_ERROR,
            Self::NotEnoughReplicas(_) => ErrorCode::NOT_ENOUGH_REPLICAS,
            Self::NotLeader => ErrorCode::NOT_LEADER_OR_FOLLOWER,
            Self::Read(error) => read_code(error),
            Self::Validation(error) => validation_code(error),
        }
    }

    /// The failure of the disk, if that is the reason.
    #[must_use]
    pub fn disk(&self) -> Option<&DiskError> {
        match self {
            Self::Append(error) => error.disk(),
            Self::Log(error) => error.disk(),
            Self::Read(error) => error.disk(),
            _ => None,
        }
    }

    /// Whether it may succeed once there is space on the volume.
    #[must_use]
    pub fn is_for_space(&self) -> bool {
        matches!(self, Self::NoSpace) || self.disk().is_some_and(DiskError::is_full)
    }

    /// Whether the broker is at fault and its operator should know. A directory says itself, once,
    /// that it is full or has failed.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        let known = matches!(
            self,
            Self::Offline | Self::Append(AppendError::Offline) | Self::Log(LogError::Offline)
        );
        let code = self.code();
        let fails =
            matches!(code, ErrorCode::KAFKA_STORAGE_ERROR | ErrorCode::UNKNOWN_SERVER_ERROR);
        fails && !known && !self.is_for_space()
    }
}

impl From<DiskError> for Fault {
    fn from(error: DiskError) -> Self {
        Self::Log(error.into())
    }
}

fn append_code(error: &AppendError) -> ErrorCode {
    match error {
        AppendError::Batch(_) => ErrorCode::CORRUPT_MESSAGE,
        AppendError::Producer(error) => match error {
            ProducerError::CoordinatorFenced { .. } => ErrorCode::TRANSACTION_COORDINATOR_FENCED,
            ProducerError::InvalidEpoch { .. } => ErrorCode::INVALID_PRODUCER_EPOCH,
            ProducerError::InvalidTxnState { .. } => ErrorCode::INVALID_TXN_STATE,
            ProducerError::OutOfOrderSequence { .. } => ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
            _ => ErrorCode::UNKNOWN_SERVER_ERROR,
        },
        AppendError::TooLarge { .. } => ErrorCode::RECORD_LIST_TOO_LARGE,
        AppendError::Disk(_) | AppendError::Offline => ErrorCode::KAFKA_STORAGE_ERROR,
        _ => ErrorCode::UNKNOWN_SERVER_ERROR,
    }
}

fn read_code(error: &ReadError) -> ErrorCode {
    match error {
        ReadError::Damaged { .. } => ErrorCode::CORRUPT_MESSAGE,
        ReadError::Disk(_) => ErrorCode::KAFKA_STORAGE_ERROR,
        ReadError::OutOfRange { .. } => ErrorCode::OFFSET_OUT_OF_RANGE,
        _ => ErrorCode::UNKNOWN_SERVER_ERROR,
    }
}

fn validation_code(error: &ValidationError) -> ErrorCode {
    match error {
        ValidationError::Corrupt(_) => ErrorCode::CORRUPT_MESSAGE,
        ValidationError::TooLarge { .. } => ErrorCode::MESSAGE_TOO_LARGE,
        ValidationError::UnsupportedCompression => ErrorCode::UNSUPPORTED_COMPRESSION_TYPE,
        ValidationError::Records(faults) => {
            let by_time = faults.iter().any(|(_, fault)| *fault != RecordFault::MissingKey);
            if by_time { ErrorCode::INVALID_TIMESTAMP } else { ErrorCode::INVALID_RECORD }
        }
        _ => ErrorCode::INVALID_RECORD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_retry_what_a_disk_refuses_and_operators_hear_of_it_once() {
        for known in [Fault::NoSpace, Fault::Offline, Fault::Log(LogError::Offline)] {
            assert_eq!(known.code(), ErrorCode::KAFKA_STORAGE_ERROR);
            assert!(!known.is_internal(), "the log directory tells");
        }
        assert!(Fault::NoSpace.is_for_space() && !Fault::Offline.is_for_space());
    }
}
