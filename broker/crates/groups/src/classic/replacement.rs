//! A static member that comes back without its member id (KIP-345).

use super::{Context, Group, Joining, State, join_error, sync_error};
use crate::error::GroupError;
use crate::step::Reply;

/// Versions of JoinGroup from this on tell a returning leader not to assign (KIP-814).
const SKIP_ASSIGNMENT_SINCE: i16 = 9;

impl Group {
    /// Gives the place of `replaced` to a member with a new id. Whoever still uses the old id is
    /// fenced. In a stable group nothing else happens, unless the protocol would change.
    pub(super) fn replace(
        &mut self,
        replaced: &str,
        member_id: &str,
        joining: &Joining<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), GroupError> {
        let leader_before = self.leader.clone().unwrap_or_default();
        self.rename(replaced, member_id, context);
        self.update(member_id, joining.request, Some(joining.ticket), context);
        self.keep_session(member_id, context.now_ms, context.timers);
        match self.state {
            State::Stable if self.select_protocol() == self.protocol => {
                self.answer_replaced(member_id, leader_before, joining, context)
            }
            // The leader may already have the old id in its assignment.
            State::Stable | State::CompletingRebalance => {
                self.prepare_rebalance(context);
                Ok(())
            }
            State::PreparingRebalance | State::Empty => {
                self.maybe_complete_join(context);
                Ok(())
            }
        }
    }

    fn rename(&mut self, replaced: &str, member_id: &str, context: &mut Context<'_>) {
        context.timers.cancel(&self.session_timer(replaced));
        let Some(mut member) = self.members.remove(replaced) else { return };
        let error = GroupError::FencedInstanceId;
        if let Some(ticket) = member.joining.take() {
            context.step.replies.push((ticket, Reply::Join(join_error(error, replaced))));
        }
        if let Some(ticket) = member.syncing.take() {
            context.step.replies.push((ticket, Reply::Sync(sync_error(error))));
        }
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(instance_id.clone(), member_id.to_owned());
        }
        if self.is_leader(replaced) {
            self.leader = Some(member_id.to_owned());
        }
        if self.pending_syncs.remove(replaced) {
            self.pending_syncs.insert(member_id.to_owned());
        }
        member_id.clone_into(&mut member.id);
        member.is_new = false;
        self.members.insert(member_id.to_owned(), member);
    }

    /// Persists the new id and answers with the present generation. A leader that understands it is
    /// told to keep the assignment; an older one is told that another leads, so that it does not
    /// assign.
    fn answer_replaced(
        &mut self,
        member_id: &str,
        leader_before: String,
        joining: &Joining<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), GroupError> {
        let response = if joining.client.version >= SKIP_ASSIGNMENT_SINCE {
            let mut response = self.joined(member_id);
            response.skip_assignment = self.is_leader(member_id);
            response
        } else {
            let mut response = self.joined_as_follower(member_id);
            response.leader = leader_before;
            response
        };
        if let Some(member) = self.members.get_mut(member_id) {
            member.joining = None;
        }
        self.write(context)?;
        context.step.replies.push((joining.ticket, Reply::Join(response)));
        Ok(())
    }
}
