//! Looking at groups and deleting them.

use barnabas_wire::ErrorCode;
use barnabas_wire::api::describe_groups::DescribedGroup;
use barnabas_wire::api::list_groups::{ListGroupsRequest, ListedGroup};

use super::{Coordinator, Group};
use crate::error::GroupError;
use crate::record;
use crate::step::Step;

/// The first version of DescribeGroups that calls an unknown group an error (KIP-1043).
const UNKNOWN_GROUP_IS_ERROR_SINCE: i16 = 6;

impl Coordinator {
    /// DescribeGroups for one group, in `version` of the API; authorized operations are the
    /// shell's to fill in.
    #[must_use]
    pub fn describe_group(&self, name: &str, version: i16) -> DescribedGroup {
        if let Some(group) = self.classic(name) {
            return group.describe();
        }
        let mut dead = DescribedGroup {
            group_id: name.to_owned(),
            group_state: "Dead".to_owned(),
            ..DescribedGroup::default()
        };
        if version >= UNKNOWN_GROUP_IS_ERROR_SINCE {
            dead.error_code = ErrorCode::GROUP_ID_NOT_FOUND;
            dead.error_message = Some(format!("Group {name} not found."));
        }
        dead
    }

    /// ListGroups: those in one of the asked states and of one of the asked types; no filter
    /// means all. Case does not matter.
    #[must_use]
    pub fn list_groups(&self, request: &ListGroupsRequest) -> Vec<ListedGroup> {
        self.groups
            .values()
            .map(|Group::Classic(group)| group.list())
            .filter(|listed| {
                passes(&request.states_filter, &listed.group_state)
                    && passes(&request.types_filter, &listed.group_type)
            })
            .collect()
    }

    /// DeleteGroups for one group: only without members; its offsets go with it.
    ///
    /// # Errors
    /// GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP.
    pub fn delete_group(&mut self, name: &str, step: &mut Step) -> Result<(), GroupError> {
        self.classic(name).ok_or(GroupError::GroupIdNotFound)?.check_delete()?;
        let tombstone = record::group(name, None).map_err(|_| GroupError::InvalidRequest)?;
        let forgotten = self.offsets.remove_where(name, |_, _| true);
        step.records.extend(forgotten.map_err(|_| GroupError::InvalidRequest)?);
        step.records.push(tombstone);
        let (group, timers) = self.classic_and_timers(name)?;
        group.cancel_timers(timers);
        self.forget_group(name);
        Ok(())
    }
}

fn passes(filter: &[String], value: &str) -> bool {
    filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(value))
}
