//! SyncGroup.

use std::collections::BTreeMap;

use barnabas_wire::api::sync_group::SyncGroupRequest;
use bytes::Bytes;

use super::{Context, Group, State, sync_error};
use crate::error::GroupError;
use crate::step::{Reply, Ticket};

impl Group {
    /// Takes the leader's assignment, or parks a member until it is there.
    pub(crate) fn sync(
        &mut self,
        request: &SyncGroupRequest,
        ticket: Ticket,
        context: &mut Context<'_>,
    ) -> Result<(), GroupError> {
        self.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        self.check_generation(request.generation_id)?;
        if differs(request.protocol_type.as_ref(), self.protocol_type.as_ref())
            || differs(request.protocol_name.as_ref(), self.protocol.as_ref())
        {
            return Err(GroupError::InconsistentGroupProtocol);
        }
        match self.state {
            State::Empty => Err(GroupError::UnknownMemberId),
            State::PreparingRebalance => Err(GroupError::RebalanceInProgress),
            State::CompletingRebalance => {
                self.await_assignment(&request.member_id, ticket, context);
                if self.is_leader(&request.member_id) {
                    self.assign(request, context);
                }
                Ok(())
            }
            State::Stable => {
                self.has_synced(&request.member_id, context);
                let member =
                    self.members.get(&request.member_id).ok_or(GroupError::UnknownMemberId)?;
                context.step.replies.push((ticket, Reply::Sync(self.synced(member))));
                Ok(())
            }
        }
    }

    /// Answers members that wait for the assignment with an error; there is none any more.
    pub(super) fn fail_syncs(&mut self, error: GroupError, context: &mut Context<'_>) {
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
            if let Some(ticket) = member.syncing.take() {
                context.step.replies.push((ticket, Reply::Sync(sync_error(error))));
                let timer =
                    super::Timer::Session { group: self.id.clone(), member: member.id.clone() };
                let deadline = context.now_ms + i64::from(member.session_timeout_ms);
                context.timers.schedule(timer, deadline);
            }
        }
    }

    /// The time to sync is over: who has not synced is removed, and the others join again.
    pub(crate) fn sync_expired(&mut self, context: &mut Context<'_>) {
        let settled = !matches!(self.state, State::CompletingRebalance | State::Stable);
        if settled || self.pending_syncs.is_empty() {
            return;
        }
        for member_id in std::mem::take(&mut self.pending_syncs) {
            self.remove(&member_id, context);
        }
        self.prepare_rebalance(context);
    }

    fn await_assignment(&mut self, member_id: &str, ticket: Ticket, context: &mut Context<'_>) {
        self.has_synced(member_id, context);
        let Some(member) = self.members.get_mut(member_id) else { return };
        if let Some(earlier) = member.syncing.replace(ticket) {
            let response = sync_error(GroupError::RebalanceInProgress);
            context.step.replies.push((earlier, Reply::Sync(response)));
        }
    }

    fn has_synced(&mut self, member_id: &str, context: &mut Context<'_>) {
        self.pending_syncs.remove(member_id);
        if self.pending_syncs.is_empty() {
            context.timers.cancel(&self.sync_timer());
        }
    }

    /// Persists the assignment and passes it on.
    fn assign(&mut self, request: &SyncGroupRequest, context: &mut Context<'_>) {
        let mut assigned: BTreeMap<&str, &Bytes> = request
            .assignments
            .iter()
            .map(|assignment| (assignment.member_id.as_str(), &assignment.assignment))
            .collect();
        for member in self.members.values_mut() {
            member.assignment = assigned.remove(member.id.as_str()).cloned().unwrap_or_default();
        }
        self.transition(State::Stable, context.now_ms);
        if let Err(error) = self.write(context) {
            self.fail_syncs(error, context);
            self.prepare_rebalance(context);
            return;
        }
        let waiting: Vec<String> = self
            .members
            .values()
            .filter(|member| member.syncing.is_some())
            .map(|member| member.id.clone())
            .collect();
        for member_id in waiting {
            let Some(member) = self.members.get_mut(&member_id) else { continue };
            if let Some(ticket) = member.syncing.take() {
                let response = self.synced(&self.members[&member_id]);
                context.step.replies.push((ticket, Reply::Sync(response)));
            }
            self.keep_session(&member_id, context.now_ms, context.timers);
        }
    }
}

/// Older versions do not say it.
fn differs(said: Option<&String>, known: Option<&String>) -> bool {
    said.is_some_and(|said| known.is_some_and(|known| said != known))
}
