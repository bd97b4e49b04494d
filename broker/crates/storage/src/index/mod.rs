//! The three indexes of a segment: offset, time, aborted transactions.
//!
//! Entries of the active segment collect in memory and are written when a page of them is full, on
//! flush and on roll. Nothing is mapped or preallocated, so that an idle partition costs neither
//! address space nor descriptors: lookups read the file page by page. After an unclean stop the
//! entries beyond the recovery point are rebuilt from the log.

mod entries;
mod offset;
mod time;
mod txn;

pub(crate) use self::entries::IndexError;
pub(crate) use self::offset::{OffsetEntry, OffsetIndex};
pub(crate) use self::time::{TimeEntry, TimeIndex};
pub use self::txn::AbortedTxn;
pub(crate) use self::txn::TxnIndex;

#[cfg(test)]
mod tests;
