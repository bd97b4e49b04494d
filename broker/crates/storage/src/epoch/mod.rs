//! Leader epochs of a log and where each starts (`LeaderEpochFileCache`).

mod cache;
mod file;

pub(crate) use self::cache::EpochCache;
pub use self::cache::{EpochEnd, EpochEntry};
pub(crate) use self::file::{EPOCH_FILE, load, render};

#[cfg(test)]
mod tests;
