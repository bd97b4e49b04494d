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

/// What a follower does whose log ends outside of its leader's
/// (`AbstractFetcherThread.fetchOffsetAndTruncate`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Cut at this offset: an unclean election made a shorter log the leader's.
    Cut(i64),
    /// Drop everything and go on at this offset: retention overtook the follower.
    StartAt(i64),
    /// Go on: the leader has the offset after all.
    Stay,
}

impl Fit {
    /// From the follower's log end and the bounds of the leader's log.
    #[must_use]
    pub fn new(own_end: i64, leader_start: i64, leader_end: i64) -> Self {
        if leader_end < own_end {
            Self::Cut(leader_end)
        } else if leader_start > own_end {
            Self::StartAt(leader_start)
        } else {
            Self::Stay
        }
    }
}
