//! What can be wrong.

use serde::Serialize;

/// A kind of contradiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An acknowledged value is nowhere.
    AckedLost,
    /// A value of an idempotent producer is at two offsets.
    Duplicate,
    /// An offset had two values.
    InconsistentOffset,
    /// Records came out of order, or twice.
    NonMonotonicRead,
    /// Records were left out.
    SkippedRead,
    /// A record was read and is gone.
    Vanished,
    /// Values of an idempotent producer are out of order.
    Reordered,
    /// A value was acknowledged at another offset than it has.
    WrongOffset,
    /// A value of a batch that surely failed was read.
    FailedRead,
    /// Something that nobody sent was read.
    Foreign,
    /// A broker forgot a producer's sequence.
    SequenceLost,
    /// A producer id was given out twice.
    ProducerId,
    /// A committed offset is gone or older than it was.
    CommitLost,
    /// A committed offset was never committed.
    CommitForeign,
    /// Two members of a group were given a partition in one generation.
    TwoOwners,
    /// Two brokers led in one epoch.
    TwoLeaders,
    /// The high watermark or the log's start went back within an epoch.
    WentBack,
    /// Two nodes have different metadata at the same offset.
    MetadataDiverged,
    /// A voter of the metadata quorum gave its vote to two candidates of one epoch.
    VotedTwice,
    /// Two nodes led the metadata quorum in one epoch.
    TwoControllers,
    /// A change of an ISR was made though it was based on an older one.
    StaleChange,
    /// A reassignment ended before its replicas were in sync.
    MovedEarly,
    /// A broker is in an ISR, or leads, that must not.
    Ineligible,
    /// A member of an ISR lacks what is committed.
    InSyncBehind,
    /// Replicas differ below the high watermark.
    ReplicasDiffer,
    /// The same seed had two traces.
    Indeterminate,
    /// Code panicked.
    Panic,
    /// Tasks of a dead node still run.
    Survivor,
    /// What ought to work again does not.
    Unavailable,
}

/// Something that must not happen and did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// What kind.
    pub kind: Kind,
    /// What exactly.
    pub text: String,
}
