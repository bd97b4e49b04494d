//! The client's side of an incremental fetch session (KIP-227).

use std::collections::BTreeMap;

use super::FetchPosition;

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetcherRequest<K> {
    /// `session_id`.
    pub session_id: i32,
    /// `session_epoch`: 0 asks for a new session, and ends the one with that id.
    pub session_epoch: i32,
    /// New and changed partitions; all of them in the first request of a session.
    pub partitions: Vec<(K, FetchPosition)>,
    /// Partitions that leave the session.
    pub forgotten: Vec<K>,
}

/// How a request failed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionFailure {
    /// FETCH_SESSION_ID_NOT_FOUND.
    NotFound,
    /// Another error code: the session's state is doubtful.
    Refused,
    /// No answer.
    Unreachable,
}

#[derive(Debug)]
pub(super) struct Session<K> {
    id: i32,
    /// 0 before the first answer.
    epoch: i32,
    /// What the leader was asked for last, for each partition of the session.
    asked: BTreeMap<K, FetchPosition>,
}

impl<K> Default for Session<K> {
    fn default() -> Self {
        Self { id: 0, epoch: 0, asked: BTreeMap::new() }
    }
}

impl<K: Copy + Ord> Session<K> {
    /// Whether the next request may be incremental.
    pub(super) fn is_open(&self) -> bool {
        self.epoch > 0
    }

    pub(super) fn asked(&self, key: &K) -> Option<FetchPosition> {
        self.asked.get(key).copied()
    }

    pub(super) fn full(
        &mut self,
        partitions: impl Iterator<Item = (K, FetchPosition)>,
    ) -> FetcherRequest<K> {
        self.asked = partitions.collect();
        FetcherRequest {
            session_id: self.id,
            session_epoch: 0,
            partitions: self.asked.iter().map(|(key, position)| (*key, *position)).collect(),
            forgotten: Vec::new(),
        }
    }

    /// `changed`: where partitions are now, `None` for those that are not fetched.
    pub(super) fn incremental(
        &mut self,
        changed: impl Iterator<Item = (K, Option<FetchPosition>)>,
    ) -> FetcherRequest<K> {
        let (mut partitions, mut forgotten) = (Vec::new(), Vec::new());
        for (key, now) in changed {
            match now {
                Some(position) if self.asked.insert(key, position) != Some(position) => {
                    partitions.push((key, position));
                }
                Some(_) => {}
                None => {
                    if self.asked.remove(&key).is_some() {
                        forgotten.push(key);
                    }
                }
            }
        }
        FetcherRequest { session_id: self.id, session_epoch: self.epoch, partitions, forgotten }
    }

    pub(super) fn answered(&mut self, session_id: i32) {
        if session_id == 0 {
            // The leader has no room for a session, or closed it.
            (self.id, self.epoch) = (0, 0);
        } else {
            self.id = session_id;
            self.epoch = if self.epoch == i32::MAX { 1 } else { self.epoch + 1 };
        }
    }

    /// The next request ends this session, if there is one, and asks for a new one.
    pub(super) fn abandon(&mut self) {
        self.epoch = 0;
    }

    /// There is no such session any more.
    pub(super) fn forget(&mut self) {
        (self.id, self.epoch) = (0, 0);
    }
}
