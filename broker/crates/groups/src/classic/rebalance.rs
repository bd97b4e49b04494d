//! From "members come and go" to a new generation.

use super::{Context, Group, State};
use crate::error::GroupError;
use crate::step::Reply;

/// A rebalance that nobody joined is not tried again sooner, milliseconds: the timeout that the
/// members ask for may be 0.
const SHORTEST_RETRY_MS: i64 = 100;

/// How the first rebalance of a group waits for more members (`group.initial.rebalance.delay.ms`).
#[derive(Debug)]
pub(super) struct InitialDelay {
    /// The running delay, milliseconds.
    delay_ms: i64,
    /// What may be added after it, milliseconds.
    remaining_ms: i64,
    /// A member came during the delay: it is worth waiting for more.
    pub(super) extended: bool,
}

impl Group {
    /// Members have changed.
    pub(super) fn rebalance_or_complete_join(&mut self, context: &mut Context<'_>) {
        if self.state == State::PreparingRebalance {
            self.maybe_complete_join(context);
        } else {
            self.prepare_rebalance(context);
        }
    }

    /// Makes everybody join again.
    pub(super) fn prepare_rebalance(&mut self, context: &mut Context<'_>) {
        if self.state == State::CompletingRebalance {
            self.fail_syncs(GroupError::RebalanceInProgress, context);
        }
        context.timers.cancel(&self.sync_timer());
        let initial = self.state == State::Empty;
        self.transition(State::PreparingRebalance, context.now_ms);
        if initial {
            let delay_ms = i64::from(context.config.initial_rebalance_delay_ms);
            let remaining_ms = (self.rebalance_timeout_ms() - delay_ms).max(0);
            self.delay_first_join(delay_ms, remaining_ms, context);
        } else if self.has_all_joined() {
            self.complete_join(context);
        } else {
            self.await_joins(context);
        }
    }

    /// Ends the wait for members if nobody is missing and it is not the first.
    pub(super) fn maybe_complete_join(&mut self, context: &mut Context<'_>) {
        if self.state == State::PreparingRebalance
            && self.initial_delay.is_none()
            && self.has_all_joined()
        {
            self.complete_join(context);
        }
    }

    /// The time to join is over.
    pub(crate) fn join_expired(&mut self, context: &mut Context<'_>) {
        match self.initial_delay.take() {
            Some(delay) if delay.extended && delay.remaining_ms > 0 => {
                let initial = i64::from(context.config.initial_rebalance_delay_ms);
                let next_ms = initial.min(delay.remaining_ms);
                let remaining_ms = (delay.remaining_ms - delay.delay_ms).max(0);
                self.delay_first_join(next_ms, remaining_ms, context);
            }
            _ => self.complete_join(context),
        }
    }

    /// Members that joined, as far as this rebalance is concerned.
    pub(super) fn joined_count(&self) -> usize {
        self.members.values().filter(|member| member.joining.is_some()).count()
    }

    /// The longest that any member asks for, milliseconds.
    pub(super) fn rebalance_timeout_ms(&self) -> i64 {
        self.members
            .values()
            .map(|member| i64::from(member.rebalance_timeout_ms))
            .max()
            .unwrap_or(0)
    }

    fn delay_first_join(&mut self, delay_ms: i64, remaining_ms: i64, context: &mut Context<'_>) {
        self.initial_delay = Some(InitialDelay { delay_ms, remaining_ms, extended: false });
        context.timers.schedule(self.join_timer(), context.now_ms + delay_ms);
    }

    fn await_joins(&self, context: &mut Context<'_>) {
        let deadline = context.now_ms + self.rebalance_timeout_ms();
        context.timers.schedule(self.join_timer(), deadline);
    }

    fn has_all_joined(&self) -> bool {
        self.pending_joins.is_empty() && self.joined_count() == self.members.len()
    }

    /// Starts the next generation with those who joined. Static members that did not stay in it:
    /// their session says whether they are gone.
    fn complete_join(&mut self, context: &mut Context<'_>) {
        context.timers.cancel(&self.join_timer());
        let missing: Vec<String> = self
            .members
            .values()
            .filter(|member| member.joining.is_none() && member.instance_id.is_none())
            .map(|member| member.id.clone())
            .collect();
        for member_id in missing {
            self.remove(&member_id, context);
        }
        if !self.members.is_empty() && !self.elect_leader() {
            let wait_ms = self.rebalance_timeout_ms().max(SHORTEST_RETRY_MS);
            context.timers.schedule(self.join_timer(), context.now_ms + wait_ms);
            return;
        }
        self.generation = self.generation.checked_add(1).unwrap_or(0);
        self.pending_syncs.clear();
        self.protocol = self.select_protocol();
        self.subscribed_topics = self.read_subscriptions();
        if self.members.is_empty() {
            self.transition(State::Empty, context.now_ms);
            // Nobody waits for it: lost, it would only leave the last generation behind.
            let written = self.write(context);
            debug_assert!(written.is_ok(), "an empty group fits in a record");
        } else {
            self.transition(State::CompletingRebalance, context.now_ms);
            self.answer_joins(context);
        }
    }

    /// A leader that did not join again hands over to one that did; false if nobody did.
    fn elect_leader(&mut self) -> bool {
        let leads = |id: &String| self.members.get(id).is_some_and(|m| m.joining.is_some());
        if self.leader.as_ref().is_some_and(leads) {
            return true;
        }
        let Some(joined) = self.members.values().find(|member| member.joining.is_some()) else {
            return false;
        };
        self.leader = Some(joined.id.clone());
        true
    }

    fn answer_joins(&mut self, context: &mut Context<'_>) {
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in &ids {
            let response = self.joined(id);
            if let Some(member) = self.members.get_mut(id) {
                member.is_new = false;
                if let Some(ticket) = member.joining.take() {
                    context.step.replies.push((ticket, Reply::Join(response)));
                }
            }
            self.keep_session(id, context.now_ms, context.timers);
        }
        self.pending_syncs = ids.into_iter().collect();
        let deadline = context.now_ms + self.rebalance_timeout_ms();
        context.timers.schedule(self.sync_timer(), deadline);
    }
}
