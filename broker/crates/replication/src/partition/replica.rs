//! What the leader knows of one follower (`kafka.cluster.Replica`).

use super::{Brokers, FollowerFetch, FollowerFetchError};
use crate::ids::{BrokerEpoch, NodeId};

/// A follower as its fetches show it. Unknown until its first fetch under this leader.
#[derive(Debug, Default)]
pub(super) struct Replica {
    end_offset: Option<i64>,
    log_start_offset: i64,
    last_caught_up_ms: i64,
    last_fetch_ms: i64,
    leader_end_at_last_fetch: i64,
    broker_epoch: Option<BrokerEpoch>,
    eligible: bool,
}

impl Replica {
    /// A replica of a leader that begins: members of the ISR get the benefit of the doubt.
    pub(super) fn new(in_sync: bool, now_ms: i64) -> Self {
        Self {
            last_caught_up_ms: if in_sync { now_ms } else { 0 },
            last_fetch_ms: now_ms,
            ..Self::default()
        }
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
        self.log_start_offset = fetch.log_start_offset;
        self.leader_end_at_last_fetch = fetch.leader_end_offset;
        self.last_fetch_ms = now_ms;
        self.broker_epoch = Some(fetch.broker_epoch);
        Ok(())
    }

    /// Notes whether the follower may join the ISR as far as its registration goes.
    pub(super) fn look_up(&mut self, node: NodeId, brokers: &dyn Brokers) {
        let registered = brokers.active_epoch(node);
        let fetched = self.broker_epoch;
        self.eligible = registered.is_some_and(|registered| {
            fetched.is_some_and(|fetched| fetched.0 == -1 || fetched == registered)
        });
    }

    /// As it was when last [looked up](Self::look_up).
    pub(super) fn is_eligible(&self) -> bool {
        self.eligible
    }

    /// The follower's log end, -1 before its first fetch.
    pub(super) fn end_offset(&self) -> i64 {
        self.end_offset.unwrap_or(-1)
    }

    /// The start of the follower's log, `None` before its first fetch.
    pub(super) fn log_start_offset(&self) -> Option<i64> {
        self.end_offset.map(|_| self.log_start_offset)
    }

    pub(super) fn broker_epoch(&self) -> Option<BrokerEpoch> {
        self.broker_epoch
    }

    pub(super) fn last_caught_up_ms(&self) -> i64 {
        self.last_caught_up_ms
    }

    pub(super) fn is_caught_up(&self, leader_end: i64, now_ms: i64, lag_max_ms: i64) -> bool {
        self.end_offset == Some(leader_end) || now_ms - self.last_caught_up_ms <= lag_max_ms
    }

    /// Whether the follower holds appends back and has not been heard of since `since_ms`.
    pub(super) fn is_silent(&self, leader_end: i64, since_ms: i64) -> bool {
        self.end_offset != Some(leader_end) && self.last_fetch_ms < since_ms
    }
}
