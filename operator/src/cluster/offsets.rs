//! The topic of committed offsets: pure.
//!
//! It is made when the first group commits, with as many replicas as there are brokers for then. A
//! cluster that grew would lose its groups with the first broker; so it gets more replicas, and
//! never fewer.

use std::collections::BTreeSet;

use super::defaults;
use super::live::Live;
use super::validate::Cluster;
use crate::kafka::{Assignment, Partition};
use crate::topic::placement::{Brokers, Place, settle};

/// Its name.
pub const TOPIC: &str = "__consumer_offsets";

/// Where its replicas should be, of partitions that have too few. Nothing moves while a replica of
/// it is missing, or a broker that is needed for it does not serve.
#[must_use]
pub fn short(cluster: &Cluster, live: Option<&Live>) -> Option<Assignment> {
    let live = live.filter(|live| live.quorum.leader.is_some())?;
    let wanted = defaults::offsets_replicas(cluster)?;
    let own: Vec<Partition> =
        live.partitions.iter().filter(|partition| partition.topic == TOPIC).cloned().collect();
    if own.iter().any(Partition::under_replicated) {
        return None;
    }
    let short: Vec<Partition> =
        own.into_iter().filter(|partition| partition.replicas.len() < wanted).collect();
    let serve = live.brokers.iter().filter(|(_, broker)| !broker.fenced);
    let brokers: Brokers = serve.map(|(id, broker)| (*id, broker.rack.clone())).collect();
    let more = settle(&short, wanted, &Place::new(&brokers, None, &BTreeSet::new()))?;
    (!more.is_empty()).then_some(more)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{cluster, three};
    use super::super::roll::tests::well;
    use super::*;

    fn with_offsets(replicas: &[i32], isr: &[i32]) -> Live {
        let mut live = well();
        live.partitions.push(Partition {
            topic: TOPIC.to_owned(),
            index: 0,
            leader: replicas.first().copied(),
            replicas: replicas.to_vec(),
            isr: isr.to_vec(),
        });
        live
    }

    #[test]
    fn offsets_get_as_many_replicas_as_new_topics() {
        let live = with_offsets(&[0], &[0]);
        assert_eq!(short(&three(), Some(&live)), Some(Assignment::from([(0, vec![0, 1, 2])])));
        assert_eq!(short(&cluster(|_| {}), Some(&live)), None);
        assert_eq!(short(&three(), Some(&with_offsets(&[0, 1, 2], &[0, 1, 2]))), None);
        let asked = cluster(|raw| {
            raw.spec.node_pools[0].replicas = 3;
            let two = serde_json::from_str("2").unwrap();
            raw.spec.config.insert("offsets.topic.replication.factor".to_owned(), two);
        });
        assert_eq!(short(&asked, Some(&live)), Some(Assignment::from([(0, vec![0, 1])])));
    }

    #[test]
    fn nothing_moves_in_troubled_times() {
        assert_eq!(short(&three(), Some(&with_offsets(&[0, 1], &[0]))), None);
        let mut live = with_offsets(&[0], &[0]);
        live.brokers.get_mut(&2).unwrap().fenced = true;
        assert_eq!(short(&three(), Some(&live)), None);
        live = with_offsets(&[0], &[0]);
        live.quorum.leader = None;
        assert_eq!(short(&three(), Some(&live)), None);
        assert_eq!(short(&three(), None), None);
    }
}
