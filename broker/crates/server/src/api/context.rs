//! What a handler knows about a request besides its body.

use std::sync::Arc;

use barnabas_wire::{ApiKey, RequestHeader};

use crate::access::{Operation, Resource};
use crate::net::ConnectionContext;
use crate::node::Node;

/// A request's header and connection.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The connection it came over.
    pub connection: Arc<ConnectionContext>,
    /// The API.
    pub key: ApiKey,
    /// Version of the request and of the response to it.
    pub version: i16,
    /// To be returned to the client.
    pub correlation_id: i32,
    /// The client's name for itself.
    pub client_id: Option<String>,
    /// Monotonic time at which the request was whole, ms.
    pub received_ms: i64,
}

impl RequestContext {
    pub(super) fn new(
        node: &Node,
        connection: &Arc<ConnectionContext>,
        header: RequestHeader,
    ) -> Self {
        Self {
            connection: Arc::clone(connection),
            key: header.api_key,
            version: header.api_version,
            correlation_id: header.correlation_id,
            client_id: header.client_id,
            received_ms: node.clock.monotonic_ms(),
        }
    }

    /// Whether the connection's principal may do `operation` to `resource`.
    #[must_use]
    pub fn allows(&self, node: &Node, operation: Operation, resource: Resource<'_>) -> bool {
        node.authorizer.allows(&self.connection, operation, resource)
    }

    /// The bit field of the operations that are allowed on `resource` (KIP-430).
    #[must_use]
    pub fn authorized_operations(&self, node: &Node, resource: Resource<'_>) -> i32 {
        resource
            .operations()
            .iter()
            .filter(|operation| self.allows(node, **operation, resource))
            .fold(0, |bits, operation| bits | 1 << operation.code())
    }
}
