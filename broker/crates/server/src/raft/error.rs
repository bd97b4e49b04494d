//! Why the metadata log cannot go on.

use barnabas_controller::Fault as ControllerFault;
use barnabas_metadata::image::LoadError;
use barnabas_metadata::record::RecordError;
use barnabas_quorum::{ControlError, Fault as QuorumFault};
use barnabas_records::BatchError;
use barnabas_storage::{AppendError, DiskError, LogError, ReadError};
use barnabas_wire::EncodeError;

/// A failure of the metadata log: fatal to the process, which must not guess what is committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The disk fails.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The log cannot be opened, flushed or cut.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log cannot be appended to.
    #[error("cannot append to the metadata log: {0}")]
    Append(#[from] AppendError),
    /// The log cannot be read.
    #[error("cannot read the metadata log: {0}")]
    Read(#[from] ReadError),
    /// A batch of the log or of a snapshot is damaged.
    #[error("damaged batch in {place}: {source}")]
    Batch {
        /// File or log.
        place: String,
        /// What is wrong with it.
        source: BatchError,
    },
    /// A control record cannot be read.
    #[error("control record in {place}: {source}")]
    Control {
        /// File or log.
        place: String,
        /// What is wrong with it.
        source: ControlError,
    },
    /// A metadata record cannot be read.
    #[error("metadata record in {place}: {source}")]
    Record {
        /// File or log.
        place: String,
        /// What is wrong with it.
        source: RecordError,
    },
    /// A record cannot be written: we are at fault.
    #[error("cannot encode a metadata record: {0}")]
    Encode(#[from] EncodeError),
    /// Committed records do not fit together.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The controller contradicts itself.
    #[error(transparent)]
    Controller(#[from] ControllerFault),
    /// The quorum contradicts itself.
    #[error(transparent)]
    Quorum(#[from] QuorumFault),
    /// `quorum-state` is not what Kafka or we write.
    #[error("quorum-state in {dir} is malformed: {reason}")]
    QuorumState {
        /// The directory.
        dir: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A snapshot ends early.
    #[error("snapshot {0} has no footer: it was not written to its end")]
    TornSnapshot(String),
    /// The operating system has no thread to give.
    #[error("cannot start the metadata thread: {0}")]
    Thread(std::io::Error),
}
