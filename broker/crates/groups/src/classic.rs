//! Classic groups (`ClassicGroup` and the classic half of `GroupMetadataManager`): members join,
//! one of them leads and assigns, the coordinator passes the assignment on.

mod describe;
mod join;
mod leave;
mod member;
mod persist;
mod protocol;
mod rebalance;
mod replacement;
mod response;
mod session;
mod sync;
#[cfg(test)]
mod tests;

pub(crate) use join::{Joining, NAME_MAX_BYTES, check_sizes};
pub(crate) use response::{join_error, sync_error};

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::error::GroupError;
use crate::offsets::Expiry;
use crate::step::{Reply, Step};
use crate::timers::{Timer, Timers};
use member::Member;
use rebalance::InitialDelay;

/// What the functions of a group need beside it.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a Config,
    pub(crate) timers: &'a mut Timers,
    pub(crate) step: &'a mut Step,
    pub(crate) now_ms: i64,
}

/// The states of a classic group. A dead one is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No members; offsets perhaps.
    Empty,
    /// Waiting for members to join.
    PreparingRebalance,
    /// Waiting for the leader's assignment.
    CompletingRebalance,
    /// Every member has its assignment.
    Stable,
}

/// One classic group.
///
/// Invariants: `leader` is a member exactly when there are members; `static_members` maps to
/// members; in state Empty there are no members.
#[derive(Debug)]
pub(crate) struct Group {
    id: String,
    state: State,
    previous: State,
    since_ms: Option<i64>,
    generation: i32,
    protocol_type: Option<String>,
    protocol: Option<String>,
    leader: Option<String>,
    members: BTreeMap<String, Member>,
    static_members: BTreeMap<String, String>,
    /// Ids given out with MEMBER_ID_REQUIRED that have not joined yet.
    pending_joins: BTreeSet<String>,
    /// Members that have not synced in this generation yet.
    pending_syncs: BTreeSet<String>,
    initial_delay: Option<InitialDelay>,
    subscribed_topics: Option<BTreeSet<String>>,
}

impl Group {
    /// A group without members.
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            state: State::Empty,
            previous: State::Empty,
            since_ms: None,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            static_members: BTreeMap::new(),
            pending_joins: BTreeSet::new(),
            pending_syncs: BTreeSet::new(),
            initial_delay: None,
            subscribed_topics: None,
        }
    }

    /// Whether an OffsetCommit with these marks is accepted.
    pub(crate) fn check_commit(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(), GroupError> {
        // The admin client and consumers that assign partitions themselves.
        if generation < 0 && self.state == State::Empty {
            return Ok(());
        }
        if generation >= 0 || !member_id.is_empty() || instance_id.is_some() {
            self.check_member(member_id, instance_id)?;
            self.check_generation(generation)?;
        } else if self.state != State::Empty {
            return Err(GroupError::UnknownMemberId);
        }
        if self.state == State::CompletingRebalance {
            return Err(GroupError::RebalanceInProgress);
        }
        Ok(())
    }

    pub(crate) fn check_delete(&self) -> Result<(), GroupError> {
        if self.state == State::Empty { Ok(()) } else { Err(GroupError::NonEmptyGroup) }
    }

    pub(crate) fn check_offset_delete(&self) -> Result<(), GroupError> {
        if self.state == State::Empty || self.is_consumer() {
            return Ok(());
        }
        Err(GroupError::NonEmptyGroup)
    }

    /// Whether the group consumes the topic; assumed when its subscriptions cannot be read.
    pub(crate) fn is_subscribed_to(&self, topic: &str) -> bool {
        match &self.subscribed_topics {
            Some(topics) => topics.contains(topic),
            None => self.is_consumer() && self.state != State::Empty,
        }
    }

    pub(crate) fn offset_expiry(&self) -> Expiry {
        if self.protocol_type.is_none() {
            return Expiry::SinceCommit;
        }
        match self.state {
            State::Empty => self.since_ms.map_or(Expiry::SinceCommit, Expiry::Since),
            State::Stable if self.is_consumer() && self.subscribed_topics.is_some() => {
                Expiry::SinceCommit
            }
            _ => Expiry::Never,
        }
    }

    /// Nobody is in the group or about to join.
    pub(crate) fn is_unused(&self) -> bool {
        self.state == State::Empty && self.pending_joins.is_empty()
    }

    /// Cancels everything that would still happen to the group.
    pub(crate) fn cancel_timers(&self, timers: &mut Timers) {
        timers.cancel(&self.join_timer());
        timers.cancel(&self.sync_timer());
        for member in self.members.keys().chain(&self.pending_joins) {
            timers.cancel(&self.session_timer(member));
        }
    }

    /// Answers everybody who waits.
    pub(crate) fn fail_waiting(&mut self, error: GroupError, step: &mut Step) {
        for member in self.members.values_mut() {
            if let Some(ticket) = member.joining.take() {
                step.replies.push((ticket, Reply::Join(join_error(error, &member.id))));
            }
            if let Some(ticket) = member.syncing.take() {
                step.replies.push((ticket, Reply::Sync(sync_error(error))));
            }
        }
    }

    fn is_consumer(&self) -> bool {
        self.protocol_type.as_deref() == Some(protocol::CONSUMER)
    }

    fn is_leader(&self, member_id: &str) -> bool {
        self.leader.as_deref() == Some(member_id)
    }

    fn transition(&mut self, state: State, now_ms: i64) {
        self.previous = self.state;
        self.state = state;
        self.since_ms = Some(now_ms);
        if state != State::PreparingRebalance {
            self.initial_delay = None;
        }
    }

    /// Checks that the member is in the group, and that a static one was not replaced.
    fn check_member(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), GroupError> {
        if let Some(instance_id) = instance_id {
            match self.static_members.get(instance_id) {
                None => return Err(GroupError::UnknownMemberId),
                Some(known) if known != member_id => return Err(GroupError::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member_id) { Ok(()) } else { Err(GroupError::UnknownMemberId) }
    }

    fn check_generation(&self, generation: i32) -> Result<(), GroupError> {
        if generation == self.generation { Ok(()) } else { Err(GroupError::IllegalGeneration) }
    }

    fn add(&mut self, member: Member) {
        if self.members.is_empty() {
            self.protocol_type = Some(member.protocol_type.clone());
        }
        if self.leader.is_none() {
            self.leader = Some(member.id.clone());
        }
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(instance_id.clone(), member.id.clone());
        }
        self.pending_joins.remove(&member.id);
        self.members.insert(member.id.clone(), member);
    }

    /// Takes a member, or one that was about to join, out of the group. If it waits it is told that
    /// it is unknown.
    fn remove(&mut self, member_id: &str, context: &mut Context<'_>) {
        context.timers.cancel(&self.session_timer(member_id));
        self.pending_joins.remove(member_id);
        self.pending_syncs.remove(member_id);
        let Some(member) = self.members.remove(member_id) else { return };
        if let Some(instance_id) = &member.instance_id {
            self.static_members.remove(instance_id);
        }
        if self.is_leader(member_id) {
            self.leader = self.members.keys().next().cloned();
        }
        let error = GroupError::UnknownMemberId;
        if let Some(ticket) = member.joining {
            context.step.replies.push((ticket, Reply::Join(join_error(error, ""))));
        }
        if let Some(ticket) = member.syncing {
            context.step.replies.push((ticket, Reply::Sync(sync_error(error))));
        }
    }

    fn join_timer(&self) -> Timer {
        Timer::Join { group: self.id.clone() }
    }

    fn sync_timer(&self) -> Timer {
        Timer::Sync { group: self.id.clone() }
    }

    fn session_timer(&self, member_id: &str) -> Timer {
        Timer::Session { group: self.id.clone(), member: member_id.to_owned() }
    }
}

impl State {
    /// Kafka's name of the state.
    fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}
