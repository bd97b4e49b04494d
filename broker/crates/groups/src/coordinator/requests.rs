//! The requests of members of classic groups.

use barnabas_wire::ErrorCode;
use barnabas_wire::api::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use barnabas_wire::api::join_group::JoinGroupRequest;
use barnabas_wire::api::leave_group::{
    LeaveGroupRequest, LeaveGroupResponse, MemberIdentity, MemberResponse,
};
use barnabas_wire::api::sync_group::SyncGroupRequest;

use super::{Coordinator, Group};
use crate::classic::{self, Joining, join_error, sync_error};
use crate::error::GroupError;
use crate::member_id::Randomness;
use crate::step::{Client, Reply, Step, Ticket};

/// Versions of LeaveGroup from this on name several members.
const BATCHED_LEAVE_SINCE: i16 = 3;

impl Coordinator {
    /// JoinGroup; the answer comes by `ticket`, now or when the rebalance is over.
    pub fn join(
        &mut self,
        request: &JoinGroupRequest,
        client: &Client,
        ticket: Ticket,
        random: Randomness,
        now_ms: i64,
        step: &mut Step,
    ) {
        let joining = Joining { request, client, ticket, random };
        let outcome = self.prepare_join(request).and_then(|created| {
            let (group, mut context) = self.classic_and_context(&request.group_id, now_ms, step)?;
            let joined = group.join(&joining, &mut context);
            match (created, &joined) {
                (true, Ok(())) => group.write_created(&mut context),
                (true, Err(_)) => self.forget_group(&request.group_id),
                (false, _) => {}
            }
            joined
        });
        if let Err(error) = outcome {
            let response = join_error(error, &request.member_id);
            step.replies.push((ticket, Reply::Join(response)));
        }
    }

    /// SyncGroup; the answer comes by `ticket`, now or when the leader has assigned.
    pub fn sync(
        &mut self,
        request: &SyncGroupRequest,
        ticket: Ticket,
        now_ms: i64,
        step: &mut Step,
    ) {
        let outcome = non_empty(&request.group_id).and_then(|()| {
            let (group, mut context) = self.classic_and_context(&request.group_id, now_ms, step)?;
            group.sync(request, ticket, &mut context)
        });
        if let Err(error) = outcome {
            step.replies.push((ticket, Reply::Sync(sync_error(error))));
        }
    }

    /// Heartbeat.
    pub fn heartbeat(&mut self, request: &HeartbeatRequest, now_ms: i64) -> HeartbeatResponse {
        let mut step = Step::default();
        let outcome = non_empty(&request.group_id).and_then(|()| {
            let (group, mut context) =
                self.classic_and_context(&request.group_id, now_ms, &mut step)?;
            group.heartbeat(request, &mut context)
        });
        HeartbeatResponse {
            error_code: outcome.map_or_else(GroupError::code, |()| ErrorCode::NONE),
            ..HeartbeatResponse::default()
        }
    }

    /// LeaveGroup, in `version` of the API.
    pub fn leave(
        &mut self,
        request: &LeaveGroupRequest,
        version: i16,
        now_ms: i64,
        step: &mut Step,
    ) -> LeaveGroupResponse {
        let mut response = LeaveGroupResponse::default();
        if let Err(error) = non_empty(&request.group_id) {
            response.error_code = error.code();
            return response;
        }
        let single;
        let leaving = if version >= BATCHED_LEAVE_SINCE {
            &request.members
        } else {
            let member_id = request.member_id.clone();
            single = vec![MemberIdentity { member_id, ..MemberIdentity::default() }];
            &single
        };
        let outcomes = match self.classic_and_context(&request.group_id, now_ms, step) {
            Ok((group, mut context)) => group.leave(leaving, &mut context),
            Err(error) => vec![Err(error); leaving.len()],
        };
        let codes = outcomes
            .into_iter()
            .map(|outcome| outcome.map_or_else(GroupError::code, |()| ErrorCode::NONE));
        response.members = leaving
            .iter()
            .zip(codes)
            .map(|(member, error_code)| MemberResponse {
                member_id: member.member_id.clone(),
                group_instance_id: member.group_instance_id.clone(),
                error_code,
            })
            .collect();
        if version < BATCHED_LEAVE_SINCE {
            response.error_code = response.members.pop().map_or(ErrorCode::NONE, |m| m.error_code);
        }
        response
    }

    /// Checks a JoinGroup and makes its group if there is none; says whether it did.
    fn prepare_join(&mut self, request: &JoinGroupRequest) -> Result<bool, GroupError> {
        non_empty(&request.group_id)?;
        let allowed = self.config.min_session_timeout_ms..=self.config.max_session_timeout_ms;
        if !allowed.contains(&request.session_timeout_ms) {
            return Err(GroupError::InvalidSessionTimeout);
        }
        classic::check_sizes(request)?;
        if self.groups.contains_key(&request.group_id) {
            return Ok(false);
        }
        if !request.member_id.is_empty() {
            return Err(GroupError::UnknownMemberId);
        }
        self.check_room(&request.group_id)?;
        let group = Group::Classic(classic::Group::new(&request.group_id));
        self.groups.insert(request.group_id.clone(), group);
        Ok(true)
    }
}

fn non_empty(group_id: &str) -> Result<(), GroupError> {
    if group_id.is_empty() { Err(GroupError::InvalidGroupId) } else { Ok(()) }
}
