//! The group in its record, and out of it.

use bytes::Bytes;

use super::member::Member;
use super::{Context, Group, State};
use crate::error::GroupError;
use crate::record::{self, GroupMetadata, MemberMetadata};

impl Group {
    /// The group as the log has it.
    pub(crate) fn from_metadata(id: &str, metadata: &GroupMetadata) -> Self {
        let mut group = Self::new(id);
        let state = if metadata.members.is_empty() { State::Empty } else { State::Stable };
        group.state = state;
        group.previous = state;
        group.generation = metadata.generation;
        group.protocol.clone_from(&metadata.protocol);
        let protocol = metadata.protocol.clone().unwrap_or_default();
        for member in &metadata.members {
            group.add(from_record(member, &metadata.protocol_type, &protocol));
        }
        group.protocol_type =
            (!metadata.protocol_type.is_empty()).then(|| metadata.protocol_type.clone());
        let leader = metadata.leader.clone().filter(|leader| group.members.contains_key(leader));
        group.leader = leader.or(group.leader);
        group.since_ms =
            (metadata.current_state_timestamp != -1).then_some(metadata.current_state_timestamp);
        group.subscribed_topics = group.read_subscriptions();
        group
    }

    /// Records that a member has begun to join a group that was not there.
    pub(crate) fn write_created(&self, context: &mut Context<'_>) {
        let empty =
            GroupMetadata { current_state_timestamp: context.now_ms, ..GroupMetadata::default() };
        context.step.records.extend(record::group(&self.id, Some(&empty)));
    }

    /// Records the group as it is, stable or empty.
    ///
    /// # Errors
    /// [`GroupError::MetadataTooLarge`]; nothing is recorded.
    pub(super) fn write(&self, context: &mut Context<'_>) -> Result<(), GroupError> {
        let record = record::group(&self.id, Some(&self.metadata()))
            .map_err(|_| GroupError::MetadataTooLarge)?;
        let size = record.key.len() + record.value.as_ref().map_or(0, Bytes::len);
        if size > context.config.record_max_bytes {
            return Err(GroupError::MetadataTooLarge);
        }
        context.step.records.push(record);
        Ok(())
    }

    fn metadata(&self) -> GroupMetadata {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        GroupMetadata {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            current_state_timestamp: self.since_ms.unwrap_or(-1),
            members: self.members.values().map(|member| to_record(member, protocol)).collect(),
        }
    }
}

fn to_record(member: &Member, protocol: &str) -> MemberMetadata {
    MemberMetadata {
        member_id: member.id.clone(),
        group_instance_id: member.instance_id.clone(),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        rebalance_timeout: member.rebalance_timeout_ms,
        session_timeout: member.session_timeout_ms,
        subscription: member.metadata(protocol).cloned().unwrap_or_default(),
        assignment: member.assignment.clone(),
    }
}

fn from_record(member: &MemberMetadata, protocol_type: &str, protocol: &str) -> Member {
    let rebalance_timeout_ms = match member.rebalance_timeout {
        -1 => member.session_timeout,
        timeout => timeout,
    };
    Member {
        id: member.member_id.clone(),
        instance_id: member.group_instance_id.clone(),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        rebalance_timeout_ms,
        session_timeout_ms: member.session_timeout,
        protocol_type: protocol_type.to_owned(),
        protocols: vec![(protocol.to_owned(), member.subscription.clone())],
        assignment: member.assignment.clone(),
        joining: None,
        syncing: None,
        is_new: false,
    }
}
