//! What the handlers of group requests share.

use std::net::IpAddr;
use std::sync::Arc;

use barnabas_groups::{Client, Randomness};
use barnabas_wire::ErrorCode;

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::coordinator::Shard;
use crate::machine;
use crate::node::Node;

/// The shard of a group, if the client may do `operation` to the group.
pub(super) fn shard(
    node: &Node,
    ctx: &RequestContext,
    operation: Operation,
    group: &str,
) -> Result<Arc<Shard>, ErrorCode> {
    if !ctx.allows(node, operation, Resource::Group(group)) {
        return Err(ErrorCode::GROUP_AUTHORIZATION_FAILED);
    }
    node.groups.shard_of(&node.image.load(), group)
}

/// The client as a group knows it.
pub(super) fn client(ctx: &RequestContext) -> Client {
    Client {
        id: ctx.client_id.clone().unwrap_or_default(),
        host: host(ctx.connection.peer.ip()),
        version: ctx.version,
    }
}

pub(super) fn randomness() -> Randomness {
    Randomness(machine::random())
}

/// `InetAddress.toString` without a host name.
fn host(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => format!("/{ip}"),
        IpAddr::V6(ip) => {
            let groups = ip.segments().map(|group| format!("{group:x}"));
            format!("/{}", groups.join(":"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn addresses_look_as_java_prints_them() {
        assert_eq!(host("10.0.0.1".parse().unwrap()), "/10.0.0.1");
        assert_eq!(host("::ffff:10.0.0.1".parse().unwrap()), "/10.0.0.1");
        assert_eq!(host("::1".parse().unwrap()), "/0:0:0:0:0:0:0:1");
    }
}
