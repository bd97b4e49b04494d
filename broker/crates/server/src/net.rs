//! Listeners and connections. What travels over them is the business of [`crate::api`].

mod connection;
mod file;
mod input;
mod limits;
mod listener;
mod network;
mod outbox;
mod stream;

pub use connection::{ConnectionContext, serve};
pub use file::FileSlice;
pub use input::FrameError;
pub(crate) use input::Input;
pub use limits::{Admission, Limits, Refusal};
pub use listener::{Bound, ListenerConfig, ListenerRole, Listening, bind};
pub use network::{Acceptor, Claim, Network, SocketBuffers, TcpNetwork};
pub use outbox::Outgoing;
pub use stream::Stream;
