//! What handlers return.

use barnabas_wire::Message;

use crate::net::FileSlice;

/// A response that is more, or less, than a message.
#[derive(Debug)]
pub struct Reply<M> {
    /// The response; `None` when the client expects none (Produce with acks=0).
    pub message: Option<M>,
    /// What fills the response's external records, in the order they appear in it.
    pub files: Vec<FileSlice>,
}

/// What a handler may return for a response `M`: the message itself or a [`Reply`].
pub trait IntoReply<M> {
    /// The reply.
    fn into_reply(self) -> Reply<M>;
}

impl<M: Message> IntoReply<M> for M {
    fn into_reply(self) -> Reply<M> {
        Reply { message: Some(self), files: Vec::new() }
    }
}

impl<M: Message> IntoReply<M> for Reply<M> {
    fn into_reply(self) -> Reply<M> {
        self
    }
}
