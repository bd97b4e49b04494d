//! Requests that wait for a partition: produce with acks=all, fetch with too few bytes.
//!
//! Both are driven by events. A waiting request is looked at when one of its partitions changed or
//! its deadline passed, never otherwise. `K` names a partition, `T` is what the shell needs to
//! finish the request and is handed back exactly once.

mod fetch;
mod produce;
#[cfg(test)]
mod tests;

pub use fetch::{Bound, FetchPurgatory, FetchWait, WaitingFetch};
pub use produce::{AckOutcome, ProducePurgatory, ProduceWait, WaitingProduce};

/// Names a waiting request, so that it can be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaitId(u64);
