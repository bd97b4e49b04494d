//! A part of the cache with its own slots (`FetchSessionCacheShard`).

use std::collections::BTreeMap;

use super::state::Session;
use super::{EVICTION_MS, SessionId};

#[derive(Debug)]
pub(super) struct Shard<K> {
    slots: usize,
    sessions: BTreeMap<SessionId, Session<K>>,
}

impl<K: Clone + Ord> Shard<K> {
    pub(super) fn new(slots: usize) -> Self {
        Self { slots, sessions: BTreeMap::new() }
    }

    pub(super) fn get_mut(&mut self, id: SessionId) -> Option<&mut Session<K>> {
        self.sessions.get_mut(&id)
    }

    pub(super) fn insert(&mut self, id: SessionId, session: Session<K>) {
        self.sessions.insert(id, session);
    }

    pub(super) fn remove(&mut self, id: SessionId) {
        self.sessions.remove(&id);
    }

    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn partitions(&self) -> usize {
        self.sessions.values().map(Session::len).sum()
    }

    /// Whether a session of `size` partitions may be added, after evicting another if need be:
    /// the least recently used if idle for long, else the smallest that the newcomer may displace
    /// and that is not larger than it.
    pub(super) fn make_room(&mut self, follower: bool, size: usize, now_ms: i64) -> bool {
        if self.sessions.len() < self.slots {
            return true;
        }
        let Some(victim) = self.idle(now_ms).or_else(|| self.smaller(follower, size, now_ms))
        else {
            return false;
        };
        self.sessions.remove(&victim);
        true
    }

    fn idle(&self, now_ms: i64) -> Option<SessionId> {
        let (id, session) =
            self.sessions.iter().min_by_key(|(id, session)| (session.last_used_ms, **id))?;
        (now_ms - session.last_used_ms > EVICTION_MS).then_some(*id)
    }

    fn smaller(&self, follower: bool, size: usize, now_ms: i64) -> Option<SessionId> {
        let displaceable = |session: &Session<K>| {
            let old = now_ms - session.created_ms > EVICTION_MS;
            if follower { !session.follower || old } else { !session.follower && old }
        };
        let (id, session) = self
            .sessions
            .iter()
            .filter(|(_, session)| displaceable(session))
            .min_by_key(|(id, session)| (session.follower, session.len(), **id))?;
        ((follower, size) >= (session.follower, session.len())).then_some(*id)
    }
}
