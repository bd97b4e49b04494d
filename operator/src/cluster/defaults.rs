//! Configs that all brokers share and that follow from how many there are: pure.
//!
//! Some are read when a broker starts, from its file. `min.insync.replicas` is not: with eligible
//! leader replicas (KIP-966) only the cluster's own value counts, which was written when the
//! cluster was made. It is kept here in step with the spec.

use std::collections::BTreeMap;

use super::live::Live;
use super::validate::Cluster;
use crate::kafka::ConfigChange;

/// How many replicas have to be in sync for `acks=all`.
pub const MIN_ISR: &str = "min.insync.replicas";
/// How many replicas committed offsets have.
const OFFSETS_REPLICAS: &str = "offsets.topic.replication.factor";

/// Configs that the operator keeps in step.
pub const MANAGED: &[&str] = &[MIN_ISR, THROTTLES[0], THROTTLES[1]];
/// What `spec.replicationThrottle` sets.
const THROTTLES: [&str; 2] =
    ["leader.replication.throttled.rate", "follower.replication.throttled.rate"];

/// What brokers are told unless the user says otherwise: topics have three replicas, of which two
/// have to be in sync, as soon as there are brokers for that; and never more replicas than
/// brokers: nobody could create them.
#[must_use]
pub fn of_brokers(cluster: &Cluster) -> BTreeMap<String, String> {
    let brokers = cluster.brokers();
    let replicas = brokers.clamp(1, 3).to_string();
    let mut configs = BTreeMap::from([(OFFSETS_REPLICAS.to_owned(), replicas.clone())]);
    if brokers > 1 {
        configs.insert("default.replication.factor".to_owned(), replicas);
    }
    if brokers > 2 {
        configs.insert(MIN_ISR.to_owned(), "2".to_owned());
    }
    configs
}

/// What has to be set for all brokers of a running cluster.
#[must_use]
pub fn change(cluster: &Cluster, live: Option<&Live>) -> ConfigChange {
    let mut change = ConfigChange::new();
    let Some(live) = live.filter(|live| live.quorum.leader.is_some()) else { return change };
    let rate = cluster.replication_throttle.map(|rate| rate.to_string());
    for name in THROTTLES.iter().filter(|name| live.defaults.get(**name) != rate.as_ref()) {
        change.insert((*name).to_owned(), rate.clone());
    }
    // What is no number, the brokers refuse to start with.
    let Ok(wanted) = min_isr(cluster).parse::<usize>() else { return change };
    let found = live.defaults.get(MIN_ISR).and_then(|value| value.parse::<usize>().ok());
    let raised = found.is_none_or(|found| wanted > found);
    if found != Some(wanted) && (!raised || holds(wanted, live)) {
        change.insert(MIN_ISR.to_owned(), Some(wanted.to_string()));
    }
    change
}

/// The cluster's `min.insync.replicas`: the user's, or the one that suits the number of brokers.
fn min_isr(cluster: &Cluster) -> String {
    let user = cluster.config.get(MIN_ISR).cloned();
    user.or_else(|| of_brokers(cluster).remove(MIN_ISR)).unwrap_or_else(|| "1".to_owned())
}

/// How many replicas committed offsets should have.
#[must_use]
pub fn offsets_replicas(cluster: &Cluster) -> Option<usize> {
    let user = cluster.config.get(OFFSETS_REPLICAS).cloned();
    user.or_else(|| of_brokers(cluster).remove(OFFSETS_REPLICAS))?.parse().ok()
}

/// Whether every partition can be produced to with that minimum, which counts up to the number of
/// a partition's replicas.
fn holds(min: usize, live: &Live) -> bool {
    let serve = live.brokers.values().filter(|broker| !broker.fenced).count();
    serve >= min && live.partitions.iter().all(|p| p.isr.len() >= min.min(p.replicas.len()))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{cluster, three};
    use super::super::roll::tests::well;
    use super::*;

    fn with(min_isr: &str) -> Live {
        let defaults = BTreeMap::from([(MIN_ISR.to_owned(), min_isr.to_owned())]);
        Live { defaults, ..well() }
    }

    fn set(min_isr: &str) -> ConfigChange {
        ConfigChange::from([(MIN_ISR.to_owned(), Some(min_isr.to_owned()))])
    }

    fn asked_for(min_isr: i64, brokers: i32) -> Cluster {
        cluster(|raw| {
            raw.spec.node_pools[0].replicas = brokers;
            let value = serde_json::from_str(&min_isr.to_string()).unwrap();
            raw.spec.config.insert(MIN_ISR.to_owned(), value);
        })
    }

    #[test]
    fn the_minimum_follows_the_number_of_brokers() {
        assert_eq!(change(&three(), Some(&with("1"))), set("2"));
        assert_eq!(change(&three(), Some(&with("2"))), ConfigChange::new());
        assert_eq!(change(&cluster(|_| {}), Some(&with("2"))), set("1"));
        // Before anything was written about it.
        assert_eq!(change(&three(), Some(&well())), set("2"));
    }

    #[test]
    fn the_users_minimum_counts_whatever_the_number_of_brokers() {
        assert_eq!(change(&asked_for(3, 3), Some(&with("2"))), set("3"));
        assert_eq!(change(&asked_for(1, 3), Some(&with("2"))), set("1"));
        assert_eq!(change(&asked_for(2, 1), Some(&with("2"))), ConfigChange::new());
    }

    #[test]
    fn the_minimum_is_raised_when_all_partitions_have_that_many_replicas_in_sync() {
        let mut live = with("1");
        live.partitions[1].isr = vec![1];
        assert_eq!(change(&three(), Some(&live)), ConfigChange::new());
        live.partitions[1].isr = vec![1, 0];
        assert_eq!(change(&three(), Some(&live)), set("2"));
        // A partition with one replica is not waited for: one is all that it can have.
        live.partitions[1].replicas = vec![1];
        live.partitions[1].isr = vec![1];
        assert_eq!(change(&three(), Some(&live)), set("2"));
        for id in [0, 1] {
            live.brokers.get_mut(&id).unwrap().fenced = true;
        }
        assert_eq!(change(&three(), Some(&live)), ConfigChange::new());
    }

    #[test]
    fn moving_replicas_are_throttled_as_long_as_the_spec_says_so() {
        let throttled = cluster(|raw| raw.spec.replication_throttle = Some(1_000_000));
        let set = change(&throttled, Some(&with("1")));
        assert_eq!(set.len(), 2);
        assert!(set.values().all(|rate| rate.as_deref() == Some("1000000")), "{set:?}");
        let mut live = with("1");
        live.defaults.extend(set.into_iter().filter_map(|(name, rate)| Some((name, rate?))));
        assert_eq!(change(&throttled, Some(&live)), ConfigChange::new());
        let unset = change(&cluster(|_| {}), Some(&live));
        assert!(unset.len() == 2 && unset.values().all(Option::is_none), "{unset:?}");
    }

    #[test]
    fn nothing_is_set_while_nobody_could_write_it_down() {
        let mut live = with("1");
        live.quorum.leader = None;
        assert_eq!(change(&three(), Some(&live)), ConfigChange::new());
        assert_eq!(change(&three(), None), ConfigChange::new());
    }
}
