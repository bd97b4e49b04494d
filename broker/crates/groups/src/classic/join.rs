//! JoinGroup.

use barnabas_wire::api::join_group::JoinGroupRequest;
use bytes::Bytes;

use super::member::Member;
use super::{Context, Group, State, join_error};
use crate::error::GroupError;
use crate::member_id::Randomness;
use crate::step::{Client, Reply, Ticket};

/// The longest group id, instance id, protocol type and protocol name: what a record's key and
/// value can hold, and more than anybody needs.
pub(crate) const NAME_MAX_BYTES: usize = 8_192;

/// Protocols that a member may offer.
const PROTOCOLS_MAX: usize = 1_000;

/// Members that were told to join with an id and have not done so, for each group; they are
/// forgotten after their session timeout.
const PENDING_JOINS_MAX: usize = 10_000;

/// How long a member that does not know its id may wait for the group, in milliseconds
/// (`CLASSIC_GROUP_NEW_MEMBER_JOIN_TIMEOUT_MS` of Kafka).
const NEW_MEMBER_JOIN_TIMEOUT_MS: i64 = 300_000;

/// Versions of JoinGroup from this on make a member join with an id (KIP-394).
const MEMBER_ID_REQUIRED_SINCE: i16 = 4;

/// A JoinGroup request and what comes with it.
pub(crate) struct Joining<'a> {
    pub(crate) request: &'a JoinGroupRequest,
    pub(crate) client: &'a Client,
    pub(crate) ticket: Ticket,
    pub(crate) random: Randomness,
}

/// Checks that what the member says can be kept.
pub(crate) fn check_sizes(request: &JoinGroupRequest) -> Result<(), GroupError> {
    let instance_id = request.group_instance_id.as_deref();
    // An empty instance id is refused by clients already.
    if instance_id.is_some_and(str::is_empty) || request.protocols.len() > PROTOCOLS_MAX {
        return Err(GroupError::InvalidRequest);
    }
    let names = request.protocols.iter().map(|protocol| protocol.name.as_str());
    let names = names.chain(instance_id).chain([request.protocol_type.as_str()]);
    if names.into_iter().any(|name| name.len() > NAME_MAX_BYTES) {
        return Err(GroupError::InvalidRequest);
    }
    Ok(())
}

impl Group {
    /// Takes a member in, or answers at once why not.
    pub(crate) fn join(
        &mut self,
        joining: &Joining<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), GroupError> {
        let request = joining.request;
        if !self.has_room_for(&request.member_id, context) {
            self.remove(&request.member_id, context);
            return Err(GroupError::GroupMaxSizeReached);
        }
        let mut names = request.protocols.iter().map(|protocol| protocol.name.as_str());
        if !self.supports(&request.protocol_type, &mut names) {
            return Err(GroupError::InconsistentGroupProtocol);
        }
        if request.member_id.is_empty() {
            self.join_unknown(joining, context)
        } else {
            self.join_known(joining, context)
        }
    }

    /// While a rebalance is prepared those who joined are counted: of the others nobody knows
    /// whether they come back.
    fn has_room_for(&self, member_id: &str, context: &Context<'_>) -> bool {
        let max = context.config.max_size;
        let member = self.members.get(member_id);
        match self.state {
            State::Empty => true,
            State::PreparingRebalance => {
                member.is_some_and(|member| member.joining.is_some()) || self.joined_count() < max
            }
            State::CompletingRebalance | State::Stable => {
                member.is_some() || self.members.len() < max
            }
        }
    }

    fn join_unknown(
        &mut self,
        joining: &Joining<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), GroupError> {
        let request = joining.request;
        let Some(instance_id) = &request.group_instance_id else {
            let member_id = joining.random.member_id(&joining.client.id);
            if joining.client.version < MEMBER_ID_REQUIRED_SINCE {
                self.add_and_rebalance(member_id, joining, context);
                return Ok(());
            }
            return self.require_member_id(&member_id, joining, context);
        };
        let member_id = joining.random.member_id(instance_id);
        if let Some(replaced) = self.static_members.get(instance_id).cloned() {
            return self.replace(&replaced, &member_id, joining, context);
        }
        self.add_and_rebalance(member_id, joining, context);
        Ok(())
    }

    /// The first half of KIP-394: a client that never comes back leaves no member behind.
    fn require_member_id(
        &mut self,
        member_id: &str,
        joining: &Joining<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), GroupError> {
        if self.pending_joins.len() >= PENDING_JOINS_MAX {
            return Err(GroupError::GroupMaxSizeReached);
        }
        self.pending_joins.insert(member_id.to_owned());
        let deadline = context.now_ms + i64::from(joining.request.session_timeout_ms);
        context.timers.schedule(self.session_timer(member_id), deadline);
        let response = join_error(GroupError::MemberIdRequired, member_id);
        context.step.replies.push((joining.ticket, Reply::Join(response)));
        Ok(())
    }

    fn join_known(
        &mut self,
        joining: &Joining<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), GroupError> {
        let request = joining.request;
        let member_id = request.member_id.as_str();
        if self.pending_joins.contains(member_id) {
            // A static member never waits to join; whoever claims to be one was not given this id.
            if request.group_instance_id.is_some() {
                return Err(GroupError::UnknownMemberId);
            }
            self.add_and_rebalance(member_id.to_owned(), joining, context);
            return Ok(());
        }
        self.check_member(member_id, request.group_instance_id.as_deref())?;
        let Some(member) = self.members.get(member_id) else {
            return Err(GroupError::UnknownMemberId);
        };
        let unchanged = member.protocols == protocols(request);
        let rebalance = match self.state {
            State::Empty => return Err(GroupError::UnknownMemberId),
            State::PreparingRebalance => true,
            State::CompletingRebalance => !unchanged,
            // The leader joins again when something has changed that members do not tell.
            State::Stable => !unchanged || self.is_leader(member_id),
        };
        if rebalance {
            self.update(member_id, request, Some(joining.ticket), context);
            self.rebalance_or_complete_join(context);
        } else {
            let response = match self.state {
                State::CompletingRebalance => self.joined(member_id),
                _ => self.joined_as_follower(member_id),
            };
            context.step.replies.push((joining.ticket, Reply::Join(response)));
        }
        Ok(())
    }

    fn add_and_rebalance(
        &mut self,
        member_id: String,
        joining: &Joining<'_>,
        context: &mut Context<'_>,
    ) {
        let request = joining.request;
        if let Some(delay) = &mut self.initial_delay {
            delay.extended = true;
        }
        let deadline = context.now_ms + NEW_MEMBER_JOIN_TIMEOUT_MS;
        context.timers.schedule(self.session_timer(&member_id), deadline);
        self.add(Member {
            id: member_id,
            instance_id: request.group_instance_id.clone(),
            client_id: joining.client.id.clone(),
            client_host: joining.client.host.clone(),
            rebalance_timeout_ms: rebalance_timeout_ms(request),
            session_timeout_ms: request.session_timeout_ms,
            protocol_type: request.protocol_type.clone(),
            protocols: protocols(request),
            assignment: Bytes::new(),
            joining: Some(joining.ticket),
            syncing: None,
            is_new: true,
        });
        self.rebalance_or_complete_join(context);
    }

    /// Takes over what a member says when it joins again. If it already waits, the earlier request
    /// is answered: its client has given it up.
    pub(super) fn update(
        &mut self,
        member_id: &str,
        request: &JoinGroupRequest,
        joining: Option<Ticket>,
        context: &mut Context<'_>,
    ) {
        let Some(member) = self.members.get_mut(member_id) else { return };
        member.protocols = protocols(request);
        member.rebalance_timeout_ms = rebalance_timeout_ms(request);
        member.session_timeout_ms = request.session_timeout_ms;
        if let Some(earlier) = std::mem::replace(&mut member.joining, joining) {
            let response = join_error(GroupError::RebalanceInProgress, member_id);
            context.step.replies.push((earlier, Reply::Join(response)));
        }
    }
}

fn protocols(request: &JoinGroupRequest) -> Vec<(String, Bytes)> {
    request
        .protocols
        .iter()
        .map(|protocol| (protocol.name.clone(), protocol.metadata.clone()))
        .collect()
}

/// Version 0 has only one timeout.
fn rebalance_timeout_ms(request: &JoinGroupRequest) -> i32 {
    if request.rebalance_timeout_ms < 0 {
        request.session_timeout_ms
    } else {
        request.rebalance_timeout_ms
    }
}
