//! `.txnindex`: aborted transactions, in the order of their markers (`TransactionIndex`).

use super::entries::{Entries, IndexError};
use crate::disk::Home;

/// Bytes of an entry: version, producer id, first offset, last offset, last stable offset.
const ENTRY: usize = 34;
const VERSION: i16 = 0;

/// A transaction whose abort marker is in the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTxn {
    /// Whose transaction it was.
    pub producer_id: i64,
    /// Its first record.
    pub first_offset: i64,
    /// Its abort marker.
    pub last_offset: i64,
    /// Last stable offset once the marker is replicated: no later reader needs this entry's
    /// successors for offsets below it.
    pub last_stable_offset: i64,
}

/// The file exists only once an abort was written.
#[derive(Debug)]
pub(crate) struct TxnIndex {
    pub(crate) entries: Entries<ENTRY>,
}

impl TxnIndex {
    pub(crate) fn new(name: String) -> Self {
        Self { entries: Entries::new(name) }
    }

    /// Adds an entry unless its marker is not above the last one's.
    pub(crate) fn push(&mut self, home: &Home, txn: AbortedTxn) -> Result<(), IndexError> {
        self.entries.load(home)?;
        let last = self.entries.last().map(decode);
        if last.is_some_and(|last| last.last_offset >= txn.last_offset) {
            return Ok(());
        }
        let mut bytes = [0; ENTRY];
        bytes[..2].copy_from_slice(&VERSION.to_be_bytes());
        let fields = [txn.producer_id, txn.first_offset, txn.last_offset, txn.last_stable_offset];
        for (at, field) in bytes[2..].chunks_exact_mut(8).zip(fields) {
            at.copy_from_slice(&field.to_be_bytes());
        }
        self.entries.push(home, bytes)
    }

    /// Adds those transactions to `found` that have records in `fetch_offset..upper`. Returns
    /// whether later segments cannot have any more of them.
    pub(crate) fn collect(
        &mut self,
        home: &Home,
        fetch_offset: i64,
        upper: i64,
        found: &mut Vec<AbortedTxn>,
    ) -> Result<bool, IndexError> {
        let mut number = 0;
        loop {
            let page = self.entries.page(home, number)?;
            if page.is_empty() {
                return Ok(false);
            }
            number += page.len() as u64;
            for txn in page.iter().map(decode) {
                if txn.last_offset >= fetch_offset && txn.first_offset < upper {
                    found.push(txn);
                }
                if txn.last_stable_offset >= upper {
                    return Ok(true);
                }
            }
        }
    }

    /// After an unclean stop: drops transactions whose marker is at or above `offset`, and
    /// everything from the first entry on that is not above its predecessor.
    pub(crate) fn keep_below(&mut self, home: &Home, offset: i64) -> Result<(), IndexError> {
        let mut last = i64::MIN;
        self.entries.keep_while(home, |entry| {
            let txn = decode(entry);
            let grows = txn.last_offset > last && txn.first_offset <= txn.last_offset;
            last = txn.last_offset;
            grows && txn.last_offset < offset
        })
    }

    /// Drops transactions whose marker is at or above `offset`.
    pub(crate) fn truncate_to(&mut self, home: &Home, offset: i64) -> Result<(), IndexError> {
        let found = self.entries.floor(home, |entry| decode(entry).last_offset < offset)?;
        self.entries.truncate(home, found.map_or(0, |(number, _)| number + 1))
    }
}

fn decode(entry: &[u8; ENTRY]) -> AbortedTxn {
    let field = |from: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&entry[from..from + 8]);
        i64::from_be_bytes(bytes)
    };
    AbortedTxn {
        producer_id: field(2),
        first_offset: field(10),
        last_offset: field(18),
        last_stable_offset: field(26),
    }
}
