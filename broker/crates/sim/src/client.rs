//! Clients that speak the protocol and write down what they were told.

mod admin;
mod committer;
mod connection;
mod consumer;
mod member;
mod offsets;
mod producer;
mod router;

pub use admin::{TopicPlan, create_topics};
pub use committer::Committer;
pub use connection::Lost;
pub use consumer::{Consumer, read_all};
pub use member::{Member, Owners};
pub use producer::Producer;
pub use router::Router;
