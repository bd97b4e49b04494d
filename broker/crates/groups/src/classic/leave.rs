//! LeaveGroup.

use barnabas_wire::api::leave_group::MemberIdentity;

use super::{Context, Group};
use crate::error::GroupError;

impl Group {
    /// Lets members go; one outcome for each in order. An administrator names static members by
    /// their instance id only (KIP-345).
    pub(crate) fn leave(
        &mut self,
        leaving: &[MemberIdentity],
        context: &mut Context<'_>,
    ) -> Vec<Result<(), GroupError>> {
        let outcomes: Vec<_> =
            leaving.iter().map(|identity| self.leave_one(identity, context)).collect();
        if outcomes.iter().any(Result::is_ok) {
            self.member_left(context);
        }
        outcomes
    }

    fn leave_one(
        &mut self,
        identity: &MemberIdentity,
        context: &mut Context<'_>,
    ) -> Result<(), GroupError> {
        let instance_id = identity.group_instance_id.as_deref();
        let member_id = if identity.member_id.is_empty() {
            instance_id
                .and_then(|instance_id| self.static_members.get(instance_id))
                .ok_or(GroupError::UnknownMemberId)?
                .clone()
        } else {
            if !self.pending_joins.contains(&identity.member_id) {
                self.check_member(&identity.member_id, instance_id)?;
            }
            identity.member_id.clone()
        };
        self.remove(&member_id, context);
        Ok(())
    }
}
