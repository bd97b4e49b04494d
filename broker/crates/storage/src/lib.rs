//! Partition logs in Apache Kafka's file formats over a Disk seam.
//!
//! * [`disk`]: the seam, with the real and a simulated disk.
//! * [`log`]: a partition's log: append, read, flush, truncate, retention, recovery.
//! * [`directory`]: files of a log directory and names in it.
//!
//! Everything blocks on the disk and belongs on threads made for that. Time is passed in. The
//! formats are those of Apache Kafka 4.3, byte for byte.

pub mod directory;
pub mod disk;
mod epoch;
mod index;
pub mod log;
mod producer;
mod segment;

pub use self::disk::{Disk, DiskError, DiskFile, RealDisk, ReserveDisk, Severity, SimDisk};
pub use self::epoch::{EpochEnd, EpochEntry};
pub use self::index::AbortedTxn;
pub use self::log::{
    AppendError, AppendInfo, Appended, Copied, CopyError, Log, LogConfig, LogError, LogStats,
    OpenOptions, ReadError, ReadRequest, ReadResult, TimestampOffset,
};
pub use self::producer::{BatchMeta, Origin, ProducerEntry, ProducerError};
pub use self::segment::FileRange;
