//! Connections to other nodes: requests of this one, answered by brokers and controllers.
//!
//! Sockets come through the [`Dialer`] seam. [`Peers`] keeps one pipelined connection per peer;
//! what must not wait behind something else (a Fetch that the leader holds back) uses a `Peers` of
//! its own.

mod address;
mod backoff;
mod connection;
mod dialer;
mod error;
mod job;
mod link;
mod peers;
mod probe;
mod versions;

#[cfg(test)]
mod tests;

pub use address::PeerAddress;
pub use connection::PeerConnection;
pub use dialer::{Dialer, PeerStream, TcpDialer};
pub use error::PeerError;
pub use peers::Peers;
pub use probe::Probe;
