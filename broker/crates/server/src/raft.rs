//! The metadata quorum's shell: the log `__cluster_metadata-0`, its snapshots, the state files,
//! and the thread that drives [`barnabas_quorum::Raft`] and the controller.
//!
//! One thread owns it all. It blocks on the disk and never on anything else, so that a vote or an
//! acknowledged record is durable before anybody hears of it.

mod batch;
mod bootstrap;
mod courier;
mod driver;
mod error;
mod link;
mod log;
mod options;
mod rpc;
mod snapshot;
mod state;
mod thread;

#[cfg(test)]
mod tests;

pub use bootstrap::{read_bootstrap, write_bootstrap, write_voters};
pub use error::MetadataError;
pub use link::{MetadataLink, NotController};
pub use log::{METADATA_DIR, METADATA_TOPIC};
pub use options::MetadataOptions;
pub(crate) use rpc::only;
pub use thread::{Answer, MetadataThread, start};
