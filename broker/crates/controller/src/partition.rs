//! Decisions about existing partitions.

mod alter;
mod change;
mod directories;
mod effect;
mod elect;
mod reassign;
mod reassignments;

#[cfg(test)]
mod tests;

pub(crate) use change::{Change, Election, Rules, Target};
pub(crate) use directories::default_directory;
pub(crate) use effect::{Departure, is_acceptable};
