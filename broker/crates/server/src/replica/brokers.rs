//! Registrations as the replication core asks for them.

use barnabas_metadata::Image;
use barnabas_replication::{BrokerEpoch, Brokers, NodeId};

/// The brokers of an image.
#[derive(Clone, Copy, Debug)]
pub struct ImageBrokers<'a>(pub &'a Image);

impl Brokers for ImageBrokers<'_> {
    fn active_epoch(&self, node: NodeId) -> Option<BrokerEpoch> {
        let broker = self.0.cluster.broker(node.0)?;
        broker.is_active().then_some(BrokerEpoch(broker.epoch))
    }
}
