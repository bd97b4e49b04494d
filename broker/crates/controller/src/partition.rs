//! Decisions about existing partitions.

mod alter;
mod change;
mod effect;

#[cfg(test)]
mod tests;

pub(crate) use change::{Change, Election};
pub(crate) use effect::{Departure, is_acceptable};
