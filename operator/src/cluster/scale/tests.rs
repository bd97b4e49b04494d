use barnabas_crds::cluster::Role;

use super::super::fixtures::{cluster, separate};
use super::super::plan::tests::running;
use super::super::roll::tests::well;
use super::super::validate::Cluster;
use super::{forgotten, hold};
use crate::cluster::live::Live;
use crate::kafka::{Broker, Partition};

/// A controller and `brokers` brokers, whose ids start at 10.
fn with_brokers(brokers: i32) -> Cluster {
    cluster(|raw| {
        let pools = &mut raw.spec.node_pools;
        pools.push(pools[0].clone());
        pools[0].name = "control".to_owned();
        pools[0].roles = vec![Role::Controller];
        (pools[1].replicas, pools[1].first_node_id) = (brokers, 10);
        pools[1].roles = vec![Role::Broker];
    })
}

/// Brokers 10 to 12, of which 12 does not serve, and a topic on each of some.
fn with_replicas_on(brokers: &[i32]) -> Live {
    let mut live = well();
    live.brokers = (10..13).map(|id| (id, Broker { rack: None, fenced: id == 12 })).collect();
    let partition = |id: &i32| Partition {
        topic: format!("t{id}"),
        index: 0,
        leader: Some(*id),
        replicas: vec![*id],
        isr: vec![*id],
    };
    live.partitions = brokers.iter().map(partition).collect();
    live
}

#[test]
fn a_broker_stays_while_it_holds_replicas() {
    let observed = running(&with_brokers(3));
    let mut wanted = with_brokers(2);
    let reason = hold(&mut wanted, &observed, Some(&with_replicas_on(&[10, 12]))).unwrap();
    assert_eq!(wanted, with_brokers(3));
    assert_eq!(
        reason,
        "brokers 12 of pool brokers cannot be removed: they hold replicas of 1 partitions (t12). \
         Move them to other brokers with kafka-reassign-partitions, or set replicas: 3 again"
    );
}

#[test]
fn a_broker_stays_while_nobody_can_say_what_it_holds() {
    let observed = running(&with_brokers(3));
    let mut wanted = with_brokers(2);
    assert!(hold(&mut wanted, &observed, None).is_some());
    assert_eq!(wanted, with_brokers(3));
}

#[test]
fn an_empty_broker_goes_and_is_forgotten_once_its_pod_is_gone() {
    let mut observed = running(&with_brokers(3));
    let live = with_replicas_on(&[10, 11]);
    let mut wanted = with_brokers(2);
    assert_eq!(hold(&mut wanted, &observed, Some(&live)), None);
    assert_eq!(wanted, with_brokers(2));
    assert_eq!(forgotten(&wanted, &observed, Some(&live)), Vec::<i32>::new());
    observed.pods.remove("events-brokers-12");
    assert_eq!(forgotten(&wanted, &observed, Some(&live)), [12]);
    assert_eq!(forgotten(&with_brokers(3), &observed, Some(&live)), Vec::<i32>::new());
    let holding = with_replicas_on(&[12]);
    assert_eq!(forgotten(&wanted, &observed, Some(&holding)), Vec::<i32>::new());
}

#[test]
fn growing_and_new_pools_need_no_leave() {
    let mut wanted = separate();
    assert_eq!(hold(&mut wanted, &running(&with_brokers(1)), None), None);
    assert_eq!(wanted, separate());
}
