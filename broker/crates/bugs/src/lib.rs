//! Bugs that the simulator must find, or its checkers are not good enough.
//!
//! Without the feature `seeded` none exists: [`is_seeded`] is constant and the compiler removes
//! what depends on it. With it, one at a time can be switched on.

#[cfg(feature = "seeded")]
use std::cell::Cell;

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// acks=all is answered before the high watermark has passed the batch.
    AckWithoutReplicas,
    /// A wait for replicas that failed is answered as one that succeeded.
    AcknowledgeFailures,
    /// Produce answers offset 0.
    AnswerOffsetZero,
    /// A committed offset is acknowledged before it is replicated.
    CommitWithoutReplicas,
    /// A replica that is to follow cuts its log to its high watermark, not to where the logs
    /// diverge.
    CutToHighWatermark,
    /// The controller elects replicas that are not in sync.
    ElectAnybody,
    /// A leader adds replicas to the ISR that are behind.
    ExpandBehind,
    /// A follower keeps no state of producers.
    FollowWithoutProducers,
    /// A replica counts no longer once its leader wants it out of the ISR.
    ForgetPendingShrink,
    /// A log that is recovered forgets its producers.
    ForgetProducers,
    /// A leader does not tell a follower that their logs diverge.
    HideDivergence,
    /// The high watermark is the end of the leader's log.
    HighWatermarkAlone,
    /// A replica may join the ISR after it was started anew.
    IgnoreBrokerEpochs,
    /// A batch that is sent again is appended again.
    IgnoreDuplicates,
    /// A leader goes on with fewer replicas in sync than `min.insync.replicas`.
    IgnoreMinIsr,
    /// The controller accepts an ISR that is based on an older one.
    IgnorePartitionEpochs,
    /// Batches of an idempotent producer are accepted out of order.
    IgnoreSequences,
    /// A coordinator does not read the last batch of its log.
    LoadOffsetsInPart,
    /// The active controller leaves a record out of its own image.
    LoseRecordOfImage,
    /// A node leaves out the last record of a metadata snapshot that it reads.
    LoseRecordOfSnapshot,
    /// Consumers read up to the end of the log.
    ReadUncommitted,
    /// The controller gives out the same block of producer ids again.
    ReuseProducerIds,
    /// Metadata is committed before it is synced.
    SkipMetadataSync,
    /// A log is not synced where it should be.
    SkipSync,
    /// An append is acknowledged before the sync that the topic asks for.
    SkipSyncBeforeAck,
    /// A broker appends to partitions that it no longer leads.
    StaleLeaderAppends,
    /// A controller votes for whoever asks.
    VoteTwice,
}

impl Bug {
    /// Every bug.
    pub const ALL: &[Self] = &[
        Self::AckWithoutReplicas,
        Self::AcknowledgeFailures,
        Self::AnswerOffsetZero,
        Self::CommitWithoutReplicas,
        Self::CutToHighWatermark,
        Self::ElectAnybody,
        Self::ExpandBehind,
        Self::FollowWithoutProducers,
        Self::ForgetPendingShrink,
        Self::ForgetProducers,
        Self::HideDivergence,
        Self::HighWatermarkAlone,
        Self::IgnoreBrokerEpochs,
        Self::IgnoreDuplicates,
        Self::IgnoreMinIsr,
        Self::IgnorePartitionEpochs,
        Self::IgnoreSequences,
        Self::LoadOffsetsInPart,
        Self::LoseRecordOfImage,
        Self::LoseRecordOfSnapshot,
        Self::ReadUncommitted,
        Self::ReuseProducerIds,
        Self::SkipMetadataSync,
        Self::SkipSync,
        Self::SkipSyncBeforeAck,
        Self::StaleLeaderAppends,
        Self::VoteTwice,
    ];
}

#[cfg(feature = "seeded")]
thread_local! {
    /// Of one thread: a simulation has only one, and others may run beside it.
    static SEEDED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Whether this thread has this bug.
#[cfg(feature = "seeded")]
#[must_use]
pub fn is_seeded(bug: Bug) -> bool {
    SEEDED.get() == Some(bug)
}

/// Whether this thread has this bug: it has none.
#[cfg(not(feature = "seeded"))]
#[must_use]
pub const fn is_seeded(_: Bug) -> bool {
    false
}

/// Gives this thread a bug in place of the one that it had.
#[cfg(feature = "seeded")]
pub fn seed(bug: Option<Bug>) {
    SEEDED.set(bug);
}
