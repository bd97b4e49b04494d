//! The groups of one `__consumer_offsets` partition.

mod admin;
mod replay;
mod requests;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::classic::{self, Context};
use crate::config::Config;
use crate::error::GroupError;
use crate::offsets::Offsets;
use crate::step::Step;
use crate::timers::{Timer, Timers};

/// Groups that one coordinator keeps; a new one is refused with COORDINATOR_NOT_AVAILABLE.
pub const GROUPS_MAX: usize = 100_000;

/// A group of any kind.
#[derive(Debug)]
pub(crate) enum Group {
    /// Members agree through a leader among them.
    Classic(classic::Group),
}

/// The state of one `__consumer_offsets` partition. First every record of the log is
/// [replayed](Coordinator::replay), then [`Coordinator::loaded`] starts the timers.
#[derive(Debug)]
pub struct Coordinator {
    config: Config,
    groups: BTreeMap<String, Group>,
    offsets: Offsets,
    timers: Timers,
}

impl Coordinator {
    /// A coordinator without groups.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            groups: BTreeMap::new(),
            offsets: Offsets::default(),
            timers: Timers::default(),
        }
    }

    /// The log has been replayed: members get a whole session to be heard of again.
    pub fn loaded(&mut self, now_ms: i64, step: &mut Step) {
        self.schedule_expiry(now_ms);
        for name in self.group_names() {
            if let Ok((group, mut context)) = self.classic_and_context(&name, now_ms, step) {
                group.loaded(&mut context);
            }
        }
    }

    /// This broker is the coordinator no longer: whoever waits is told.
    #[must_use]
    pub fn unload(mut self) -> Step {
        let mut step = Step::default();
        for group in self.groups.values_mut() {
            match group {
                Group::Classic(group) => group.fail_waiting(GroupError::NotCoordinator, &mut step),
            }
        }
        step
    }

    /// When [`Self::expire`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        self.timers.next()
    }

    /// Runs the timers that are due.
    pub fn expire(&mut self, now_ms: i64, step: &mut Step) {
        while let Some(timer) = self.timers.pop_due(now_ms) {
            match timer {
                Timer::ExpireOffsets => self.expire_offsets(now_ms, step),
                Timer::Join { group } => {
                    self.with_classic(&group, now_ms, step, classic::Group::join_expired);
                }
                Timer::Sync { group } => {
                    self.with_classic(&group, now_ms, step, classic::Group::sync_expired);
                }
                Timer::Session { group, member } => {
                    self.with_classic(&group, now_ms, step, |group, context| {
                        group.session_expired(&member, context);
                    });
                }
            }
        }
    }

    /// How many groups there are.
    #[must_use]
    pub fn groups_len(&self) -> usize {
        self.groups.len()
    }

    /// How many committed offsets there are.
    #[must_use]
    pub fn offsets_len(&self) -> usize {
        self.offsets.len()
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn offsets(&self) -> &Offsets {
        &self.offsets
    }

    pub(crate) fn offsets_mut(&mut self) -> &mut Offsets {
        &mut self.offsets
    }

    pub(crate) fn schedule_expiry(&mut self, now_ms: i64) {
        let next = now_ms.saturating_add(self.config.offsets_retention_check_interval_ms);
        self.timers.schedule(Timer::ExpireOffsets, next);
    }

    pub(crate) fn group_names(&self) -> Vec<String> {
        self.groups.keys().cloned().collect()
    }

    pub(crate) fn forget_group(&mut self, name: &str) {
        self.groups.remove(name);
    }

    pub(crate) fn classic(&self, name: &str) -> Option<&classic::Group> {
        self.groups.get(name).map(|Group::Classic(group)| group)
    }

    pub(crate) fn classic_and_timers(
        &mut self,
        name: &str,
    ) -> Result<(&mut classic::Group, &mut Timers), GroupError> {
        let Group::Classic(group) = self.groups.get_mut(name).ok_or(GroupError::GroupIdNotFound)?;
        Ok((group, &mut self.timers))
    }

    pub(crate) fn classic_and_offsets(
        &mut self,
        name: &str,
    ) -> Option<(&classic::Group, &mut Offsets)> {
        let Group::Classic(group) = self.groups.get(name)?;
        Some((group, &mut self.offsets))
    }

    pub(crate) fn classic_and_context<'a>(
        &'a mut self,
        name: &str,
        now_ms: i64,
        step: &'a mut Step,
    ) -> Result<(&'a mut classic::Group, Context<'a>), GroupError> {
        let Group::Classic(group) = self.groups.get_mut(name).ok_or(GroupError::UnknownMemberId)?;
        let context = Context { config: &self.config, timers: &mut self.timers, step, now_ms };
        Ok((group, context))
    }

    /// A group for offsets without members; it lives in memory only until it has offsets.
    pub(crate) fn create_simple_group(&mut self, name: &str) -> Result<(), GroupError> {
        self.check_room(name)?;
        self.groups.insert(name.to_owned(), Group::Classic(classic::Group::new(name)));
        Ok(())
    }

    pub(crate) fn check_room(&self, name: &str) -> Result<(), GroupError> {
        if name.len() > classic::NAME_MAX_BYTES {
            return Err(GroupError::InvalidGroupId);
        }
        if self.groups.len() >= GROUPS_MAX {
            return Err(GroupError::CoordinatorNotAvailable);
        }
        Ok(())
    }

    fn with_classic(
        &mut self,
        name: &str,
        now_ms: i64,
        step: &mut Step,
        run: impl FnOnce(&mut classic::Group, &mut Context<'_>),
    ) {
        if let Ok((group, mut context)) = self.classic_and_context(name, now_ms, step) {
            run(group, &mut context);
        }
    }
}
