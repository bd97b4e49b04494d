//! How far each replica has come, as the leader knows it.

use std::collections::BTreeMap;

use crate::{NodeId, ReplicaKey, VoterSet};

/// One replica as the leader knows it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Replica {
    /// The offset of its last Fetch; what it holds durably ends there.
    pub(crate) end_offset: Option<i64>,
    pub(crate) last_fetch_ms: Option<u64>,
    pub(crate) last_caught_up_ms: Option<u64>,
    /// The leader's end at the replica's previous Fetch.
    leader_end_at_last_fetch: i64,
}

impl Replica {
    /// Notes a Fetch. Caught up now, or at the previous fetch if it has reached what was the end
    /// then.
    fn fetched(&mut self, now_ms: u64, offset: i64, leader_end: i64) {
        if offset >= leader_end {
            self.last_caught_up_ms = Some(now_ms);
        } else if let Some(previous) = self.last_fetch_ms
            && offset >= self.leader_end_at_last_fetch
        {
            self.last_caught_up_ms = self.last_caught_up_ms.max(Some(previous));
        }
        self.end_offset = Some(offset);
        self.last_fetch_ms = Some(now_ms);
        self.leader_end_at_last_fetch = leader_end;
    }
}

/// All replicas but the leader.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    replicas: BTreeMap<ReplicaKey, Replica>,
}

impl Progress {
    /// Notes a Fetch of a replica; an observer beyond the limit is not remembered.
    pub(crate) fn fetched(&mut self, key: ReplicaKey, at: (u64, i64, i64), remember: bool) {
        let (now_ms, offset, leader_end) = at;
        if let Some(replica) = self.replicas.get_mut(&key) {
            replica.fetched(now_ms, offset, leader_end);
        } else if remember {
            self.replicas.entry(key).or_default().fetched(now_ms, offset, leader_end);
        }
    }

    /// What is known of the voter, whichever directory it fetches with if its own is not known.
    pub(crate) fn of(&self, voter: &ReplicaKey) -> Replica {
        if voter.directory.is_some() {
            return self.replicas.get(voter).copied().unwrap_or_default();
        }
        self.replicas
            .iter()
            .filter(|(key, _)| key.id == voter.id)
            .max_by_key(|(_, replica)| replica.last_fetch_ms)
            .map(|(_, replica)| *replica)
            .unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.replicas.len()
    }

    pub(crate) fn observers<'a>(
        &'a self,
        voters: &'a VoterSet,
    ) -> impl Iterator<Item = (&'a ReplicaKey, &'a Replica)> {
        self.replicas.iter().filter(|(key, _)| !voters.contains(key))
    }

    /// Forgets observers that have not fetched since the time.
    pub(crate) fn forget_observers(&mut self, voters: &VoterSet, since_ms: u64) {
        self.replicas.retain(|key, replica| {
            voters.contains(key) || replica.last_fetch_ms.is_some_and(|at| at > since_ms)
        });
    }

    /// The offset that a majority of the voters holds; the leader's own end counts only if it is
    /// a voter.
    pub(crate) fn committed(&self, voters: &VoterSet, leader: NodeId, leader_end: i64) -> i64 {
        let mut ends: Vec<i64> = voters
            .iter()
            .map(|voter| {
                if voter.key.id == leader {
                    leader_end
                } else {
                    self.of(&voter.key).end_offset.unwrap_or(0)
                }
            })
            .collect();
        ends.sort_unstable_by(|a, b| b.cmp(a));
        ends.get(ends.len() / 2).copied().unwrap_or(0)
    }

    /// Voters but the leader, the most caught up first.
    pub(crate) fn successors(&self, voters: &VoterSet, leader: NodeId) -> Vec<ReplicaKey> {
        let mut others: Vec<ReplicaKey> =
            voters.iter().map(|voter| voter.key).filter(|key| key.id != leader).collect();
        others.sort_by_key(|key| (std::cmp::Reverse(self.of(key).end_offset), key.id));
        others
    }
}
