//! Heartbeat, and what happens when they stay away.

use barnabas_wire::api::heartbeat::HeartbeatRequest;

use super::{Context, Group, State};
use crate::error::GroupError;
use crate::timers::Timers;

impl Group {
    /// Keeps the member's session; says whether it has to join again.
    pub(crate) fn heartbeat(
        &mut self,
        request: &HeartbeatRequest,
        context: &mut Context<'_>,
    ) -> Result<(), GroupError> {
        self.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        self.check_generation(request.generation_id)?;
        match self.state {
            State::Empty => return Err(GroupError::UnknownMemberId),
            State::PreparingRebalance | State::CompletingRebalance | State::Stable => {
                self.keep_session(&request.member_id, context.now_ms, context.timers);
            }
        }
        if self.state == State::PreparingRebalance {
            return Err(GroupError::RebalanceInProgress);
        }
        Ok(())
    }

    /// An OffsetCommit is a sign of life, unless the group is waiting for the leader.
    pub(crate) fn keep_session_by_commit(&self, member_id: &str, now_ms: i64, timers: &mut Timers) {
        if matches!(self.state, State::Stable | State::PreparingRebalance) {
            self.keep_session(member_id, now_ms, timers);
        }
    }

    /// The coordinator has loaded the group: all sessions begin anew.
    pub(crate) fn loaded(&mut self, context: &mut Context<'_>) {
        for member_id in self.members.keys() {
            self.keep_session(member_id, context.now_ms, context.timers);
        }
        if self.members.len() > context.config.max_size {
            self.prepare_rebalance(context);
        }
    }

    /// A member was not heard of for its session timeout, or did not come back with its id.
    pub(crate) fn session_expired(&mut self, member_id: &str, context: &mut Context<'_>) {
        if self.pending_joins.contains(member_id) {
            self.remove(member_id, context);
            self.maybe_complete_join(context);
            return;
        }
        let Some(member) = self.members.get(member_id) else { return };
        // A member that waits for us cannot send heartbeats; the session starts again with the
        // answer. One that does not know its id yet waits only so long.
        let waits = member.joining.is_some() || member.syncing.is_some();
        if waits && !member.is_new {
            return;
        }
        self.remove_and_rebalance(member_id, context);
    }

    /// Takes a member out and lets the others share what it had.
    pub(super) fn remove_and_rebalance(&mut self, member_id: &str, context: &mut Context<'_>) {
        self.remove(member_id, context);
        self.member_left(context);
    }

    pub(super) fn member_left(&mut self, context: &mut Context<'_>) {
        match self.state {
            State::Empty => {}
            State::PreparingRebalance => self.maybe_complete_join(context),
            State::CompletingRebalance | State::Stable => self.prepare_rebalance(context),
        }
    }

    pub(super) fn keep_session(&self, member_id: &str, now_ms: i64, timers: &mut Timers) {
        if let Some(member) = self.members.get(member_id) {
            let deadline = now_ms + i64::from(member.session_timeout_ms);
            timers.schedule(self.session_timer(member_id), deadline);
        }
    }
}
