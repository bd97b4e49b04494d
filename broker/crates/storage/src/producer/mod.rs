//! Idempotent and transactional producers of one partition (`ProducerStateManager`).

mod append;
mod entry;
mod error;
mod snapshot;
mod state;
mod transaction;

pub use self::append::Origin;
pub(crate) use self::append::{Marker, ProducerAppend};
pub use self::entry::{BatchMeta, ProducerEntry};
pub use self::error::ProducerError;
pub(crate) use self::snapshot::{SNAPSHOT_BYTES_MAX, decode, encode};
pub(crate) use self::state::Producers;
pub(crate) use self::transaction::CompletedTxn;

#[cfg(test)]
mod tests;
