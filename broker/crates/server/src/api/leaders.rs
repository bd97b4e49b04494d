//! Where the leaders are that refusals name (KIP-951).

use std::collections::BTreeSet;

use barnabas_metadata::Image;

use super::RequestContext;
use super::metadata::endpoint;

/// A broker as the clients of a listener reach it.
#[derive(Clone, Debug)]
pub(super) struct LeaderEndpoint {
    pub(super) id: i32,
    pub(super) host: String,
    pub(super) port: i32,
    pub(super) rack: Option<String>,
}

/// The endpoints of these brokers, each once, as far as they are known; -1 is nobody.
pub(super) fn endpoints(
    image: &Image,
    ctx: &RequestContext,
    leaders: impl Iterator<Item = i32>,
) -> Vec<LeaderEndpoint> {
    let leaders: BTreeSet<i32> = leaders.filter(|id| *id >= 0).collect();
    let known = leaders.into_iter().filter_map(|id| {
        let broker = image.cluster.broker(id)?;
        let (host, port) = endpoint(broker, &ctx.connection.listener)?;
        Some(LeaderEndpoint { id, host: host.to_owned(), port, rack: broker.rack.clone() })
    });
    known.collect()
}
