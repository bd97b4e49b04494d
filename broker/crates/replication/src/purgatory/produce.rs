//! Produce requests with acks=all that wait for the high watermark (`DelayedProduce`).

use std::collections::{BTreeMap, BTreeSet};

use super::WaitId;
use crate::deadlines::Deadlines;
use crate::partition::Ack;

/// A produce request as it begins to wait.
#[derive(Debug)]
pub struct ProduceWait<K, T> {
    /// When REQUEST_TIMED_OUT is the answer.
    pub deadline_ms: i64,
    /// The partitions that are not acknowledged yet.
    pub partitions: Vec<WaitingProduce<K>>,
    /// Handed back on completion.
    pub token: T,
}

/// One partition of a waiting produce.
#[derive(Debug)]
pub struct WaitingProduce<K> {
    /// The partition.
    pub partition: K,
    /// The high watermark that acknowledges the append (exclusive end of the batch).
    pub required_offset: i64,
}

/// How the wait of one partition ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckOutcome {
    /// All in-sync replicas have it.
    Acknowledged,
    /// NOT_ENOUGH_REPLICAS_AFTER_APPEND: the record is in the log of too few replicas.
    NotEnoughReplicas,
    /// NOT_LEADER_OR_FOLLOWER: this broker stopped leading the partition.
    LeadershipLost,
    /// REQUEST_TIMED_OUT.
    TimedOut,
}

/// The waiting produce requests of one broker.
#[derive(Debug)]
pub struct ProducePurgatory<K, T> {
    next_id: u64,
    waits: BTreeMap<WaitId, Wait<K, T>>,
    watchers: BTreeSet<(K, WaitId)>,
    deadlines: Deadlines<WaitId>,
}

#[derive(Debug)]
struct Wait<K, T> {
    deadline_ms: i64,
    open: usize,
    partitions: Vec<(WaitingProduce<K>, Option<AckOutcome>)>,
    token: T,
}

/// A finished produce request: its token, and how each partition ended, in the order given.
type Finished<K, T> = (T, Vec<(K, AckOutcome)>);

impl<K, T> Default for ProducePurgatory<K, T> {
    fn default() -> Self {
        Self {
            next_id: 0,
            waits: BTreeMap::new(),
            watchers: BTreeSet::new(),
            deadlines: Deadlines::default(),
        }
    }
}

impl<K: Clone + Ord, T> ProducePurgatory<K, T> {
    /// Starts to wait.
    ///
    /// The caller reports every partition's present state with [`Self::changed`] afterwards, so
    /// that an advance between the append and this call is not missed.
    pub fn wait(&mut self, wait: ProduceWait<K, T>) -> WaitId {
        let id = WaitId(self.next_id);
        self.next_id += 1;
        for waiting in &wait.partitions {
            self.watchers.insert((waiting.partition.clone(), id));
        }
        self.deadlines.insert(wait.deadline_ms, id);
        self.waits.insert(
            id,
            Wait {
                deadline_ms: wait.deadline_ms,
                open: wait.partitions.len(),
                partitions: wait.partitions.into_iter().map(|w| (w, None)).collect(),
                token: wait.token,
            },
        );
        id
    }

    /// A partition's high watermark or ISR changed; `ack` is [`crate::Partition::ack`].
    pub fn changed(&mut self, partition: &K, ack: impl Fn(i64) -> Ack) -> Vec<Finished<K, T>> {
        self.settle(partition, |required| match ack(required) {
            Ack::Done => Some(AckOutcome::Acknowledged),
            Ack::NotEnoughReplicas => Some(AckOutcome::NotEnoughReplicas),
            Ack::Pending => None,
        })
    }

    /// This broker stopped leading the partition, or it is gone.
    pub fn leadership_lost(&mut self, partition: &K) -> Vec<Finished<K, T>> {
        self.settle(partition, |_| Some(AckOutcome::LeadershipLost))
    }

    /// Finishes what has waited long enough.
    pub fn expire(&mut self, now_ms: i64) -> Vec<Finished<K, T>> {
        let mut finished = Vec::new();
        while let Some(id) = self.deadlines.pop_due(now_ms) {
            finished.extend(self.finish(id));
        }
        finished
    }

    /// Forgets a request whose client has gone.
    pub fn cancel(&mut self, id: WaitId) -> Option<T> {
        self.finish(id).map(|(token, _)| token)
    }

    /// When [`Self::expire`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        self.deadlines.next()
    }

    /// How many requests wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waits.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waits.is_empty()
    }

    fn settle(
        &mut self,
        partition: &K,
        outcome: impl Fn(i64) -> Option<AckOutcome>,
    ) -> Vec<Finished<K, T>> {
        let mut finished = Vec::new();
        for id in super::fetch::watching(&self.watchers, partition) {
            let Some(wait) = self.waits.get_mut(&id) else { continue };
            for (waiting, settled) in &mut wait.partitions {
                if waiting.partition == *partition && settled.is_none() {
                    *settled = outcome(waiting.required_offset);
                    wait.open -= usize::from(settled.is_some());
                }
            }
            if wait.open == 0 {
                finished.extend(self.finish(id));
            }
        }
        finished
    }

    fn finish(&mut self, id: WaitId) -> Option<Finished<K, T>> {
        let wait = self.waits.remove(&id)?;
        self.deadlines.remove(wait.deadline_ms, id);
        let outcomes = wait
            .partitions
            .into_iter()
            .map(|(waiting, settled)| {
                let key = (waiting.partition, id);
                self.watchers.remove(&key);
                (key.0, settled.unwrap_or(AckOutcome::TimedOut))
            })
            .collect();
        Some((wait.token, outcomes))
    }
}
