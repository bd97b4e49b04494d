//! Which replica a consumer reads from (KIP-392, `RackAwareReplicaSelector`), and what followers
//! have.

use super::Partition;
use super::leader::Leader;
use crate::ids::NodeId;

impl Partition {
    /// The replica that a consumer in `rack` should fetch from instead of this leader: an in-sync
    /// one of the same rack that has `offset`, the most caught-up of several. `None` when that is
    /// the leader itself or nobody.
    ///
    /// `rack_of` tells the rack of a broker that the consumer can reach, `None` of any other.
    pub fn preferred_read_replica<'a>(
        &self,
        offset: i64,
        rack: &str,
        rack_of: impl Fn(NodeId) -> Option<&'a str>,
    ) -> Option<NodeId> {
        let leading = self.leading.as_ref()?;
        let is_near = |node: NodeId| rack_of(node) == Some(rack);
        if is_near(self.config.node) {
            return None;
        }
        let near = leading.readable_at(offset).filter(|(node, _)| is_near(*node));
        near.max_by_key(|(node, caught_up)| (*caught_up, *node)).map(|(node, _)| node)
    }

    /// The first offset that this leader and every follower which `counts` still has: what
    /// DeleteRecords has to wait for. `None` while it is not known, or when this does not lead.
    pub fn low_watermark(&self, log_start: i64, counts: impl Fn(NodeId) -> bool) -> Option<i64> {
        self.leading.as_ref()?.low_watermark(log_start, counts)
    }

    /// How many records the slowest in-sync follower is behind; 0 when this does not lead.
    #[must_use]
    pub fn max_lag(&self) -> i64 {
        self.leading.as_ref().map_or(0, |leading: &Leader| leading.max_lag(self.end_offset()))
    }
}
