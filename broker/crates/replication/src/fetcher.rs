//! The follower's side: what to fetch from one source broker (`kafka.server.ReplicaFetcherThread`,
//! `org.apache.kafka.clients.FetchSessionHandler`).
//!
//! One [`Fetcher`] keeps the partitions that this broker follows at another one. The shell sends
//! its [requests](Fetcher::request) one at a time, does for each partition what
//! [`Fetcher::answered`] tells it, and reports where the partition then is. Partitions may come, go
//! and change their leader epoch while a request is under way: its answer then changes nothing of
//! theirs.

mod partition;
mod session;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use partition::{FetchAnswer, FetchFailure, FetchPosition, FetchTask};
pub use session::{FetcherRequest, SessionFailure};

use crate::deadlines::Deadlines;
use crate::ids::LeaderEpoch;
use partition::{Followed, State};
use session::Session;

/// Pauses after failures: doubled each time from the first to the longest.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The first pause, ms.
    pub first_ms: i64,
    /// The longest pause, ms: `replica.fetch.backoff.ms`.
    pub longest_ms: i64,
}

/// The partitions that are fetched from one broker.
#[derive(Debug)]
pub struct Fetcher<K> {
    backoff: Backoff,
    partitions: BTreeMap<K, Followed>,
    delayed: Deadlines<K>,
    session: Session<K>,
    /// Partitions whose place in the session is no longer what the leader knows.
    dirty: BTreeSet<K>,
    ready: usize,
    /// The broker could not be reached so often in a row.
    failures: u32,
    paused_until_ms: i64,
}

impl<K: Copy + Ord> Fetcher<K> {
    /// A fetcher without partitions.
    #[must_use]
    pub fn new(backoff: Backoff) -> Self {
        Self {
            backoff,
            partitions: BTreeMap::new(),
            delayed: Deadlines::default(),
            session: Session::default(),
            dirty: BTreeSet::new(),
            ready: 0,
            failures: 0,
            paused_until_ms: i64::MIN,
        }
    }

    /// Starts to fetch a partition, or goes on in a new leader epoch. The same epoch again changes
    /// nothing.
    pub fn follow(&mut self, key: K, position: FetchPosition) {
        let known = self.partitions.get(&key);
        if known.is_some_and(|known| known.position.leader_epoch >= position.leader_epoch) {
            return;
        }
        self.set(key, Followed::new(position));
    }

    /// Stops to fetch a partition.
    pub fn unfollow(&mut self, key: &K) {
        if let Some(followed) = self.partitions.remove(key) {
            self.leave(*key, &followed);
            self.dirty.insert(*key);
        }
    }

    /// The next request; `None` when there is nothing to fetch before [`Fetcher::next_deadline`].
    pub fn request(&mut self, now_ms: i64) -> Option<FetcherRequest<K>> {
        while let Some(key) = self.delayed.pop_due(now_ms) {
            if let Some(mut followed) = self.partitions.get(&key).copied() {
                followed.state = State::Fetching;
                self.set(key, followed);
            }
        }
        if now_ms < self.paused_until_ms {
            return None;
        }
        if self.ready == 0 {
            self.session.abandon();
            return None;
        }
        let dirty = std::mem::take(&mut self.dirty);
        let ready = self.partitions.iter().filter(|(_, followed)| followed.is_ready());
        Some(if self.session.is_open() {
            let changed = dirty.into_iter().map(|key| {
                let followed = self.partitions.get(&key).filter(|followed| followed.is_ready());
                (key, followed.map(|followed| followed.position))
            });
            self.session.incremental(changed)
        } else {
            self.session.full(ready.map(|(key, followed)| (*key, followed.position)))
        })
    }

    /// When the next request can be made, if none can now and nothing else happens.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        if self.ready > 0 {
            return Some(self.paused_until_ms);
        }
        self.delayed.next().map(|next| next.max(self.paused_until_ms))
    }

    /// Whether partitions wait that the request under way does not cover. It may be given up for
    /// them with [`Fetcher::supersede`]: it can take as long as `replica.fetch.wait.max.ms`.
    #[must_use]
    pub fn has_new(&self) -> bool {
        let is_new = |key: &K| {
            self.partitions
                .get(key)
                .is_some_and(|followed| followed.is_ready() && self.session.asked(key).is_none())
        };
        self.dirty.iter().any(is_new)
    }

    /// The answer to the request under way is not waited for: the next one starts a new session.
    pub fn supersede(&mut self) {
        self.session.abandon();
    }

    /// The broker answered the request under way with this session id.
    pub fn session_answered(&mut self, session_id: i32) {
        self.failures = 0;
        self.session.answered(session_id);
    }

    /// The request under way failed as a whole.
    pub fn session_failed(&mut self, failure: SessionFailure, now_ms: i64) {
        match failure {
            SessionFailure::NotFound => self.session.forget(),
            SessionFailure::Refused => self.session.abandon(),
            SessionFailure::Unreachable => {
                self.session.abandon();
                self.paused_until_ms = now_ms + self.backoff.after(self.failures);
                self.failures += 1;
            }
        }
    }

    /// The broker may be reached again, or elsewhere: it is tried at once.
    pub fn retry_now(&mut self) {
        self.failures = 0;
        self.paused_until_ms = i64::MIN;
    }

    /// What the request under way was answered for a partition. Returns what to do about it, and
    /// the position that was asked for; `None` when the partition moved on in the meantime.
    pub fn answered(
        &mut self,
        key: K,
        answer: FetchAnswer,
        now_ms: i64,
    ) -> Option<(FetchPosition, FetchTask)> {
        let asked = self.session.asked(&key)?;
        let mut followed = self.partitions.get(&key).copied()?;
        if !followed.is_ready() || followed.position != asked {
            return None;
        }
        let task = match answer {
            FetchAnswer::Fetched => return Some((asked, FetchTask::Store)),
            FetchAnswer::Diverging(epoch, end_offset) => {
                followed.state = State::Busy;
                FetchTask::Truncate(epoch, end_offset)
            }
            FetchAnswer::Failed(FetchFailure::OutOfRange) => {
                followed.state = State::Busy;
                FetchTask::Reset
            }
            FetchAnswer::Failed(FetchFailure::Fenced) => {
                followed.state = State::Failed;
                FetchTask::Nothing
            }
            FetchAnswer::Failed(FetchFailure::Later) => {
                self.delay_one(key, followed, now_ms);
                return Some((asked, FetchTask::Nothing));
            }
        };
        self.set(key, followed);
        Some((asked, task))
    }

    /// The partition is at a new position: records were appended, or the log was cut. Ignored if
    /// the partition went on to another leader epoch.
    pub fn moved(&mut self, key: K, position: FetchPosition) {
        if let Some(followed) = self.current(&key, position.leader_epoch) {
            if followed.position == position && followed.is_ready() && followed.failures == 0 {
                return;
            }
            self.set(key, Followed::new(position));
        }
    }

    /// What was to be done about a partition failed: it is tried again after a pause.
    pub fn delay(&mut self, key: K, leader_epoch: LeaderEpoch, now_ms: i64) {
        if let Some(followed) = self.current(&key, leader_epoch) {
            self.delay_one(key, followed, now_ms);
        }
    }

    /// The partition is not fetched before a time: it has taken as much as it may.
    pub fn hold(&mut self, key: K, leader_epoch: LeaderEpoch, until_ms: i64) {
        if let Some(mut followed) = self.current(&key, leader_epoch)
            && followed.is_ready()
        {
            followed.state = State::Delayed { until_ms };
            self.set(key, followed);
        }
    }

    /// The partition cannot take anything before a time. Its leader hears nothing of it till then,
    /// and does not hold appends back for it.
    pub fn suspend(&mut self, key: K, leader_epoch: LeaderEpoch, until_ms: i64) {
        if let Some(mut followed) = self.current(&key, leader_epoch) {
            followed.state = State::Delayed { until_ms };
            self.set(key, followed);
        }
    }

    /// The partition's log failed: it is not fetched until it gets a new leader epoch.
    pub fn fail(&mut self, key: K, leader_epoch: LeaderEpoch) {
        if let Some(mut followed) = self.current(&key, leader_epoch) {
            followed.state = State::Failed;
            self.set(key, followed);
        }
    }

    /// How many partitions are followed, and how many of them failed.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let failed = self.partitions.values().filter(|followed| followed.state == State::Failed);
        (self.partitions.len(), failed.count())
    }

    /// Whether the partition is followed here.
    #[must_use]
    pub fn follows(&self, key: &K) -> bool {
        self.partitions.contains_key(key)
    }

    fn current(&self, key: &K, leader_epoch: LeaderEpoch) -> Option<Followed> {
        let followed = self.partitions.get(key).copied();
        followed.filter(|followed| followed.position.leader_epoch == leader_epoch)
    }

    fn delay_one(&mut self, key: K, mut followed: Followed, now_ms: i64) {
        let until_ms = now_ms + self.backoff.after(followed.failures);
        followed.failures += 1;
        followed.state = State::Delayed { until_ms };
        self.set(key, followed);
    }

    fn set(&mut self, key: K, followed: Followed) {
        if let Some(before) = self.partitions.insert(key, followed) {
            self.leave(key, &before);
        }
        match followed.state {
            State::Fetching => self.ready += 1,
            State::Delayed { until_ms } => self.delayed.insert(until_ms, key),
            State::Busy | State::Failed => {}
        }
        self.dirty.insert(key);
    }

    fn leave(&mut self, key: K, before: &Followed) {
        match before.state {
            State::Fetching => self.ready -= 1,
            State::Delayed { until_ms } => {
                self.delayed.remove(until_ms, key);
            }
            State::Busy | State::Failed => {}
        }
    }
}

impl Backoff {
    fn after(&self, failures: u32) -> i64 {
        let factor = 1_i64.checked_shl(failures.min(30)).unwrap_or(i64::MAX);
        self.first_ms.saturating_mul(factor).min(self.longest_ms)
    }
}
