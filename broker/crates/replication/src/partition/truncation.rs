//! How far a follower has to cut its log to agree with its leader (KIP-101, KIP-595,
//! `AbstractFetcherThread.getOffsetTruncationState`).

use crate::ids::LeaderEpoch;

/// What a log knows of its leader epochs.
pub trait LogEpochs {
    /// The largest known epoch that is not above `epoch`, and the offset after its last record;
    /// `None` if the log cannot tell.
    fn end_of(&self, epoch: LeaderEpoch) -> Option<(LeaderEpoch, i64)>;

    /// The next offset to be written.
    fn end_offset(&self) -> i64;
}

/// The offset to cut at, when the leader answered that the follower's last epoch ends elsewhere:
/// `leader` is the epoch that the leader knows and where it ends there.
///
/// When the follower does not know that epoch it cuts only to where its next lower one ends; its
/// next fetch then asks with that epoch.
#[must_use]
pub fn truncation(leader: (LeaderEpoch, i64), log: &dyn LogEpochs) -> i64 {
    let (leader_epoch, leader_end) = leader;
    let end = log.end_offset();
    match log.end_of(leader_epoch) {
        Some((epoch, own_end)) if epoch == leader_epoch => own_end.min(leader_end).min(end),
        Some((_, own_end)) => own_end.min(end),
        None => leader_end.min(end),
    }
    .max(0)
}
