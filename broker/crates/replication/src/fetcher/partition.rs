//! One followed partition.

use crate::ids::LeaderEpoch;

/// From where a partition is to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchPosition {
    /// The leader epoch under which this broker follows.
    pub leader_epoch: LeaderEpoch,
    /// The end of the follower's log.
    pub offset: i64,
    /// Epoch of the last record before it; -1 for none.
    pub last_epoch: LeaderEpoch,
    /// The start of the follower's log.
    pub log_start_offset: i64,
    /// The high watermark that the follower knows, if it wants to hear at once when it moves; else
    /// `i64::MAX`.
    pub high_watermark: i64,
}

/// What the leader said of a partition, as far as it decides what is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchAnswer {
    /// Records, or that there are none.
    Fetched,
    /// The follower's last epoch ends elsewhere: the epoch that the leader knows, and its end.
    Diverging(LeaderEpoch, i64),
    /// An error.
    Failed(FetchFailure),
}

/// Errors of a fetch, by what the follower does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchFailure {
    /// OFFSET_OUT_OF_RANGE: the follower's log ends outside of the leader's.
    OutOfRange,
    /// FENCED_LEADER_EPOCH: metadata with a newer leader is on the way.
    Fenced,
    /// Anything else: the leader is not ready yet, or has trouble.
    Later,
}

/// What the shell has to do about a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchTask {
    /// Append the records, take over the high watermark and the log start, then report with
    /// [`super::Fetcher::moved`].
    Store,
    /// Cut the log as [`crate::truncation`] says for this epoch and end, then report.
    Truncate(LeaderEpoch, i64),
    /// Ask the leader for the bounds of its log; start anew where it starts, or cut where it
    /// ends, then report.
    Reset,
    /// Nothing: it is tried again later, or not before the next leader epoch.
    Nothing,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Followed {
    pub(super) position: FetchPosition,
    pub(super) state: State,
    pub(super) failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Fetching,
    Delayed {
        until_ms: i64,
    },
    /// The shell cuts or resets the log.
    Busy,
    Failed,
}

impl Followed {
    pub(super) fn new(position: FetchPosition) -> Self {
        Self { position, state: State::Fetching, failures: 0 }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.state == State::Fetching
    }
}
