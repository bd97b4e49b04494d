//! Transactions with records in the partition.

/// A transaction whose marker is being appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CompletedTxn {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
    /// The marker's.
    pub(crate) last_offset: i64,
    pub(crate) is_aborted: bool,
}
