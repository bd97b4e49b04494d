//! The shell: listeners, connections, handlers, disk threads, timers, HTTP.
//!
//! It decides nothing: it parses, authorizes, calls a core and executes what the core answers.
//! Clock, streams and disks come through seams ([`Clock`], [`net::Stream`],
//! `barnabas_storage::Disk`), so that a whole cluster can run inside one process.

pub mod access;
pub mod api;
pub mod clock;
pub mod config;
pub mod controller_link;
pub mod coordinator;
pub mod disk;
pub mod http;
pub mod lifecycle;
pub mod machine;
pub mod metrics;
pub mod net;
pub mod node;
pub mod partition;
pub mod peer;
pub mod producer_ids;
pub mod raft;
pub mod replica;

pub use clock::{Clock, SystemClock};
pub use machine::Machine;
pub use node::Node;
