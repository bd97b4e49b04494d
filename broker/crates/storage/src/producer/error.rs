//! Why a batch or a marker of a producer is refused.

/// The producer (or transaction coordinator) is at fault; nothing was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProducerError {
    /// Kafka: `TRANSACTION_COORDINATOR_FENCED`.
    #[error("marker of coordinator epoch {epoch}, the last one had {current}")]
    CoordinatorFenced {
        /// Epoch of the marker.
        epoch: i32,
        /// Last seen.
        current: i32,
    },
    /// Kafka: `INVALID_PRODUCER_EPOCH`.
    #[error("producer {producer_id} has epoch {epoch}, the current one is {current}")]
    InvalidEpoch {
        /// Who.
        producer_id: i64,
        /// Epoch of the batch.
        epoch: i16,
        /// Last seen.
        current: i16,
    },
    /// Kafka: `INVALID_TXN_STATE`.
    #[error("producer {producer_id} sent a non-transactional batch in its open transaction")]
    InvalidTxnState {
        /// Who.
        producer_id: i64,
    },
    /// Kafka: `OUT_OF_ORDER_SEQUENCE_NUMBER`.
    #[error("producer {producer_id} sent sequence {sequence} after {last}")]
    OutOfOrderSequence {
        /// Who.
        producer_id: i64,
        /// First sequence of the batch.
        sequence: i32,
        /// Last sequence appended; -1 none.
        last: i32,
    },
}
