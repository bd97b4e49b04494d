//! Whole clusters in one process, the shell included, on a seeded clock, network and disk.
//!
//! A simulation is one single-threaded runtime with paused time. Every node is the one that the
//! binary runs ([`barnabas_broker::Service`]), inside a sandbox that a crash ends at once; its
//! disk loses what was not synced, its network delays, cuts and resets. Clients write down what
//! they were told, and [`history`] says whether that can be true. The same seed yields the same
//! simulation, event for event.

#![allow(unexpected_cfgs, reason = "tokio_unstable is tokio's")]

pub mod client;
pub mod clock;
pub mod cluster;
pub mod history;
pub mod host;
pub mod nemesis;
pub mod network;
pub mod observer;
pub mod random;
pub mod run;
pub mod scenario;
pub mod trace;

pub use run::{Outcome, simulate};
pub use scenario::Scenario;

/// A sixth of a simulation is allocation.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
