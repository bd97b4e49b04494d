//! How a group looks from outside.

use barnabas_wire::ErrorCode;
use barnabas_wire::api::describe_groups::{DescribedGroup, DescribedGroupMember};
use barnabas_wire::api::list_groups::ListedGroup;

use super::member::Member;
use super::{Group, State};

/// The name of this kind of group.
const GROUP_TYPE: &str = "Classic";

impl Group {
    pub(crate) fn describe(&self) -> DescribedGroup {
        // Before the group is stable nobody has agreed on a protocol.
        let protocol = match self.state {
            State::Stable => self.protocol.as_deref(),
            _ => None,
        };
        DescribedGroup {
            error_code: ErrorCode::NONE,
            group_id: self.id.clone(),
            group_state: self.state.name().to_owned(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            protocol_data: protocol.unwrap_or_default().to_owned(),
            members: self.members.values().map(|member| describe(member, protocol)).collect(),
            ..DescribedGroup::default()
        }
    }

    pub(crate) fn list(&self) -> ListedGroup {
        ListedGroup {
            group_id: self.id.clone(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            group_state: self.state.name().to_owned(),
            group_type: GROUP_TYPE.to_owned(),
        }
    }
}

fn describe(member: &Member, protocol: Option<&str>) -> DescribedGroupMember {
    let metadata = protocol.and_then(|protocol| member.metadata(protocol));
    DescribedGroupMember {
        member_id: member.id.clone(),
        group_instance_id: member.instance_id.clone(),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        member_metadata: metadata.cloned().unwrap_or_default(),
        member_assignment: member.assignment.clone(),
    }
}
