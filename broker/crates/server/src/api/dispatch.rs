//! From a frame to the handler and back: decode, call, account, encode.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barnabas_wire::{
    ApiKey, DecodeError, Decoder, EncodeError, Message, Request, RequestHeader, encode_response,
};
use bytes::Bytes;

use super::{IntoReply, ROUTES, RequestContext, Route, api_versions};
use crate::access::Usage;
use crate::controller_link::directly;
use crate::net::{ConnectionContext, FileSlice, ListenerRole, Outgoing};
use crate::node::Node;

/// A request that cannot be answered: its connection is closed, as Kafka does.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadRequest {
    /// Its bytes are not what its header says.
    #[error("malformed request: {0}")]
    Decode(#[from] DecodeError),
    /// Our response does not fit its version: we are at fault.
    #[error("cannot encode the response: {0}")]
    Encode(#[from] EncodeError),
    /// The API is not served here, or not in that version.
    #[error("{} version {version} is not served on this listener", key.name())]
    Unsupported {
        /// The API.
        key: ApiKey,
        /// The version.
        version: i16,
    },
}

/// A request after its handler returned.
#[derive(Debug)]
pub struct Answered {
    /// The response, if the client expects one.
    pub outgoing: Option<Outgoing>,
    /// For how long the connection is to be muted (KIP-219).
    pub throttle: Duration,
}

/// A request being processed.
pub type Pending = Pin<Box<dyn Future<Output = Result<Answered, BadRequest>> + Send>>;

/// What a route's function gets.
pub struct Call {
    pub(super) node: Arc<Node>,
    pub(super) context: RequestContext,
    body: Decoder,
    frame_bytes: usize,
    started: Instant,
}

/// Parses the header of a frame and calls the API's handler, which does nothing before it is
/// polled.
///
/// # Errors
/// [`BadRequest`]: the header is malformed or names what is not served.
pub fn start(
    node: &Arc<Node>,
    connection: &Arc<ConnectionContext>,
    frame: Bytes,
) -> Result<Pending, BadRequest> {
    let frame_bytes = frame.len();
    let mut body = Decoder::new(frame);
    let header = RequestHeader::decode(&mut body)?;
    let context = RequestContext::new(node, connection, header);
    let (key, version) = (context.key, context.version);
    let route = find(key).filter(|route| route.is_served_on(connection.role));
    let call = Call { node: Arc::clone(node), context, body, frame_bytes, started: Instant::now() };
    match route {
        Some(route) if route.versions().contains(version) => {
            let answered = (route.call)(call);
            Ok(match connection.role {
                ListenerRole::Broker => answered,
                ListenerRole::Controller => Box::pin(directly(answered)),
            })
        }
        Some(_) if key == ApiKey::ApiVersions => Ok(Box::pin(async move {
            let response = api_versions::unsupported(&call.node, &call.context);
            call.finish(0, Some(response), Vec::new())
        })),
        _ => Err(BadRequest::Unsupported { key, version }),
    }
}

fn find(key: ApiKey) -> Option<&'static Route> {
    ROUTES.binary_search_by_key(&key, Route::key).ok().map(|index| &ROUTES[index])
}

impl Call {
    pub(super) fn decode<R: Request>(&self) -> Result<R, BadRequest> {
        // What follows the message is ignored, as Kafka does: librdkafka 2 leaves bytes behind some
        // Metadata requests.
        Ok(R::decode(&mut self.body.clone(), self.context.version)?)
    }

    pub(super) fn encode<R, A>(&self, answer: A) -> Result<Answered, BadRequest>
    where
        R: Request,
        A: IntoReply<R::Response>,
    {
        let reply = answer.into_reply();
        self.finish(self.context.version, reply.message, reply.files)
    }

    fn finish<M: Message>(
        &self,
        version: i16,
        message: Option<M>,
        files: Vec<FileSlice>,
    ) -> Result<Answered, BadRequest> {
        let RequestContext { key, correlation_id, .. } = self.context;
        let outgoing = match message {
            None => None,
            Some(message) => {
                let frame = encode_response(key, version, correlation_id, &message)?;
                Some(Outgoing { frame, files })
            }
        };
        let usage = Usage {
            request_bytes: self.frame_bytes,
            response_bytes: outgoing.as_ref().map_or(0, |outgoing| outgoing.frame.len()),
        };
        self.node.metrics.requests.answered(key, self.started.elapsed());
        let throttle = self.node.quotas.record(&self.context, usage);
        Ok(Answered { outgoing, throttle })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_api_is_found() {
        assert!(ROUTES.is_sorted_by(|a, b| a.key() < b.key()));
        for route in ROUTES {
            assert_eq!(find(route.key()).map(Route::key), Some(route.key()));
        }
    }
}
