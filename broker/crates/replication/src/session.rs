//! Incremental fetch sessions (KIP-227, `kafka.server.FetchManager`).
//!
//! A session remembers which partitions a client fetches and what it was told last, so that
//! requests carry only changes and responses only news.

mod shard;
mod state;
#[cfg(test)]
mod tests;

pub use state::{Answered, FetchPartition};

use shard::Shard;
use state::Session;

/// Names a session; 0 is "no session".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub i32);

/// No session is made for more partitions: the client goes on with full requests.
pub const SESSION_PARTITIONS_MAX: usize = 100_000;

/// Sessions idle or alive for less are not evicted by their equals, in milliseconds
/// (`FetchSessionCache`'s MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS).
const EVICTION_MS: i64 = 120_000;

const SHARDS: usize = 8;

/// What a Fetch request says of sessions.
#[derive(Debug)]
pub struct SessionRequest<K> {
    /// `session_id`.
    pub id: SessionId,
    /// `session_epoch`: 0 asks for a new session, -1 for none, else the next of a session.
    pub epoch: i32,
    /// Whether a follower asks (it may displace consumers).
    pub follower: bool,
    /// Whether partitions are named by topic id (Fetch v13 and later).
    pub uses_topic_ids: bool,
    /// The partitions named, in order.
    pub partitions: Vec<(K, FetchPartition)>,
    /// `forgotten_topics_data`.
    pub forgotten: Vec<K>,
}

/// What to read for a request, in order.
#[derive(Debug)]
pub struct FetchPlan<K> {
    /// All partitions of the request or its session.
    pub partitions: Vec<(K, FetchPartition)>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sessionless,
    Full { follower: bool, uses_topic_ids: bool },
    Incremental { id: SessionId, next_epoch: i32 },
}

/// How to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `session_id` of the response.
    pub session_id: SessionId,
    /// For every partition of the plan whether the response includes it.
    pub included: Vec<bool>,
}

/// The request's session cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// FETCH_SESSION_ID_NOT_FOUND.
    #[error("no such fetch session")]
    NotFound,
    /// INVALID_FETCH_SESSION_EPOCH.
    #[error("not the next epoch of the fetch session")]
    InvalidEpoch,
    /// FETCH_SESSION_TOPIC_ID_ERROR.
    #[error("the session names topics by id and the request by name, or the other way round")]
    TopicIds,
}

/// All sessions of one broker.
#[derive(Debug)]
pub struct SessionCache<K> {
    shards: Vec<Shard<K>>,
    /// Ids count up from a start that the shell draws, so that a client of a previous incarnation
    /// does not hit another's session.
    next_id: u32,
}

impl<K: Clone + Ord> SessionCache<K> {
    /// A cache of `slots` sessions (`max.incremental.fetch.session.cache.slots`).
    #[must_use]
    pub fn new(slots: usize, random: u32) -> Self {
        let shards = if slots < SHARDS { 1 } else { SHARDS };
        Self { shards: (0..shards).map(|_| Shard::new(slots / shards)).collect(), next_id: random }
    }

    /// Finds out what a request fetches.
    ///
    /// # Errors
    /// When it refers to a session that is not there or not in that state.
    pub fn plan(
        &mut self,
        request: SessionRequest<K>,
        now_ms: i64,
    ) -> Result<FetchPlan<K>, SessionError> {
        if request.epoch > 0 {
            return self.plan_incremental(&request, now_ms);
        }
        if request.id.0 != 0 {
            self.remove(request.id);
        }
        let kind = if request.epoch == 0 {
            let SessionRequest { follower, uses_topic_ids, .. } = request;
            Kind::Full { follower, uses_topic_ids }
        } else {
            Kind::Sessionless
        };
        Ok(FetchPlan { partitions: request.partitions, kind })
    }

    /// Finds out what the response includes; `answers` are those of the plan's partitions in order.
    ///
    /// # Errors
    /// When the session went on without this request in the meantime.
    ///
    /// # Panics
    /// When there are not as many answers as partitions.
    pub fn answer(
        &mut self,
        plan: &FetchPlan<K>,
        answers: &[Answered],
        now_ms: i64,
    ) -> Result<Answer, SessionError> {
        assert_eq!(plan.partitions.len(), answers.len(), "one answer for each partition");
        match plan.kind {
            Kind::Sessionless => Ok(Answer::all(SessionId(0), answers.len())),
            Kind::Full { follower, uses_topic_ids } => {
                let id = self.create(plan, answers, follower, uses_topic_ids, now_ms);
                Ok(Answer::all(id, answers.len()))
            }
            Kind::Incremental { id, next_epoch } => {
                let session = self.shard_of(id).get_mut(id).ok_or(SessionError::NotFound)?;
                if session.epoch != next_epoch {
                    return Err(SessionError::InvalidEpoch);
                }
                let included = plan
                    .partitions
                    .iter()
                    .zip(answers)
                    .map(|((key, _), answered)| session.tell(key, answered))
                    .collect();
                Ok(Answer { session_id: id, included })
            }
        }
    }

    /// Ends a session.
    pub fn remove(&mut self, id: SessionId) {
        self.shard_of(id).remove(id);
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(Shard::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many partitions all sessions remember.
    #[must_use]
    pub fn partitions(&self) -> usize {
        self.shards.iter().map(Shard::partitions).sum()
    }

    fn plan_incremental(
        &mut self,
        request: &SessionRequest<K>,
        now_ms: i64,
    ) -> Result<FetchPlan<K>, SessionError> {
        let id = request.id;
        let session = self.shard_of(id).get_mut(id).ok_or(SessionError::NotFound)?;
        if session.epoch != request.epoch {
            return Err(SessionError::InvalidEpoch);
        }
        if session.uses_topic_ids != request.uses_topic_ids {
            return Err(SessionError::TopicIds);
        }
        let too_large = session.len() + request.partitions.len() > SESSION_PARTITIONS_MAX;
        session.update(request);
        if session.is_empty() || too_large {
            let partitions = session.plan();
            self.remove(id);
            return Ok(FetchPlan { partitions, kind: Kind::Sessionless });
        }
        session.last_used_ms = now_ms;
        session.epoch = next_epoch(session.epoch);
        let kind = Kind::Incremental { id, next_epoch: session.epoch };
        Ok(FetchPlan { partitions: session.plan(), kind })
    }

    fn create(
        &mut self,
        plan: &FetchPlan<K>,
        answers: &[Answered],
        follower: bool,
        uses_topic_ids: bool,
        now_ms: i64,
    ) -> SessionId {
        let id = self.unused_id();
        let size = plan.partitions.len();
        let shard = self.shard_of(id);
        if size > SESSION_PARTITIONS_MAX || !shard.make_room(follower, size, now_ms) {
            return SessionId(0);
        }
        let mut session = Session::new(follower, uses_topic_ids, now_ms);
        for ((key, partition), answered) in plan.partitions.iter().zip(answers) {
            session.add(key, *partition, answered);
        }
        shard.insert(id, session);
        id
    }

    fn unused_id(&mut self) -> SessionId {
        loop {
            self.next_id = self.next_id.wrapping_add(1);
            let id = SessionId((self.next_id & 0x7fff_ffff).cast_signed());
            if id.0 != 0 && self.shard_of(id).get_mut(id).is_none() {
                return id;
            }
        }
    }

    fn shard_of(&mut self, id: SessionId) -> &mut Shard<K> {
        let index = id.0.unsigned_abs() as usize % self.shards.len();
        &mut self.shards[index]
    }
}

impl Answer {
    fn all(session_id: SessionId, partitions: usize) -> Self {
        Self { session_id, included: vec![true; partitions] }
    }
}

fn next_epoch(epoch: i32) -> i32 {
    if epoch == i32::MAX { 1 } else { epoch + 1 }
}
