//! What the leader knows of one follower (`kafka.cluster.Replica`).

use super::{FollowerFetch, FollowerFetchError};
use crate::ids::BrokerEpoch;

/// A follower as its fetches show it. Unknown until its first fetch under this leader.
#[derive(Debug, Default)]
pub(super) struct Replica {
    end_offset: Option<i64>,
    last_caught_up_ms: i64,
    last_fetch_ms: i64,
    leader_end_at_last_fetch: i64,
    broker_epoch: Option<BrokerEpoch>,
}

impl Replica {
    /// A replica of a leader that begins: members of the ISR get the benefit of the doubt.
    pub(super) fn new(in_sync: bool, now_ms: i64) -> Self {
        Self { last_caught_up_ms: if in_sync { now_ms } else { 0 }, ..Self::default() }
    }

    pub(super) fn fetched(
        &mut self,
        fetch: &FollowerFetch,
        now_ms: i64,
    ) -> Result<(), FollowerFetchError> {
        if let Some(known) = self.broker_epoch
            && fetch.broker_epoch.0 >= 0
            && fetch.broker_epoch < known
        {
            return Err(FollowerFetchError::StaleBrokerEpoch);
        }
        if fetch.fetch_offset >= fetch.leader_end_offset {
            self.last_caught_up_ms = self.last_caught_up_ms.max(now_ms);
        } else if self.end_offset.is_some() && fetch.fetch_offset >= self.leader_end_at_last_fetch {
            self.last_caught_up_ms = self.last_caught_up_ms.max(self.last_fetch_ms);
        }
        self.end_offset = Some(fetch.fetch_offset);
        self.leader_end_at_last_fetch = fetch.leader_end_offset;
        self.last_fetch_ms = now_ms;
        self.broker_epoch = Some(fetch.broker_epoch);
        Ok(())
    }

    /// The follower's log end, -1 before its first fetch.
    pub(super) fn end_offset(&self) -> i64 {
        self.end_offset.unwrap_or(-1)
    }

    pub(super) fn broker_epoch(&self) -> Option<BrokerEpoch> {
        self.broker_epoch
    }

    pub(super) fn is_caught_up(&self, leader_end: i64, now_ms: i64, lag_max_ms: i64) -> bool {
        self.end_offset == Some(leader_end) || now_ms - self.last_caught_up_ms <= lag_max_ms
    }
}
