//! The answers that could wait.

use barnabas_wire::ErrorCode;
use barnabas_wire::api::join_group::{JoinGroupResponse, JoinGroupResponseMember};
use barnabas_wire::api::sync_group::SyncGroupResponse;

use super::Group;
use super::member::Member;
use crate::error::GroupError;

/// A refused JoinGroup.
pub(crate) fn join_error(error: GroupError, member_id: &str) -> JoinGroupResponse {
    // Whoever cannot be taken starts again without an id.
    let member_id =
        if error == GroupError::GroupMaxSizeReached { "" } else { member_id }.to_owned();
    JoinGroupResponse { error_code: error.code(), member_id, ..JoinGroupResponse::default() }
}

/// A refused SyncGroup.
pub(crate) fn sync_error(error: GroupError) -> SyncGroupResponse {
    SyncGroupResponse { error_code: error.code(), ..SyncGroupResponse::default() }
}

impl Group {
    /// The present generation as `member_id` is told of it; the leader learns the members.
    pub(super) fn joined(&self, member_id: &str) -> JoinGroupResponse {
        let members = if self.is_leader(member_id) { self.subscriptions() } else { Vec::new() };
        JoinGroupResponse { members, ..self.joined_as_follower(member_id) }
    }

    /// The present generation without its members.
    pub(super) fn joined_as_follower(&self, member_id: &str) -> JoinGroupResponse {
        JoinGroupResponse {
            error_code: ErrorCode::NONE,
            generation_id: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            member_id: member_id.to_owned(),
            ..JoinGroupResponse::default()
        }
    }

    pub(super) fn synced(&self, member: &Member) -> SyncGroupResponse {
        SyncGroupResponse {
            error_code: ErrorCode::NONE,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            assignment: member.assignment.clone(),
            ..SyncGroupResponse::default()
        }
    }

    fn subscriptions(&self) -> Vec<JoinGroupResponseMember> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        self.members
            .values()
            .map(|member| JoinGroupResponseMember {
                member_id: member.id.clone(),
                group_instance_id: member.instance_id.clone(),
                metadata: member.metadata(protocol).cloned().unwrap_or_default(),
            })
            .collect()
    }
}
