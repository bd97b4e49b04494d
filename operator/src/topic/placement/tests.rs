use std::collections::BTreeSet;

use super::{Brokers, Place, added, settle};
use crate::kafka::{Assignment, Partition};

/// Anywhere.
fn resize(partitions: &[Partition], wanted: usize, brokers: &Brokers) -> Option<Assignment> {
    settle(partitions, wanted, &Place::new(brokers, None, &BTreeSet::new()))
}

/// Brokers 0 to 5, two in each of three racks: 0 and 3, 1 and 4, 2 and 5.
fn six() -> Brokers {
    (0..6).map(|id| (id, Some(format!("zone-{}", id % 3)))).collect()
}

fn partitions(all: &[&[i32]]) -> Vec<Partition> {
    let partition = |(index, replicas): (i32, &&[i32])| Partition {
        topic: "t".to_owned(),
        index,
        leader: replicas.first().copied(),
        replicas: replicas.to_vec(),
        isr: replicas.to_vec(),
    };
    (0..).zip(all).map(partition).collect()
}

#[test]
fn new_replicas_go_to_racks_and_brokers_that_have_fewest() {
    let brokers = six();
    let before = partitions(&[&[0], &[1], &[2], &[3], &[4], &[5]]);
    let after = resize(&before, 3, &brokers).unwrap();
    let mut load = [0; 6];
    for (index, replicas) in &after {
        assert_eq!(replicas[0], *index, "the leader stays: {replicas:?}");
        let racks: BTreeSet<_> = replicas.iter().map(|id| &brokers[id]).collect();
        assert_eq!(racks.len(), 3, "{replicas:?}");
        for id in replicas {
            load[usize::try_from(*id).unwrap()] += 1;
        }
    }
    assert_eq!(load, [3; 6]);
}

#[test]
fn partitions_that_have_the_number_are_left_alone() {
    let before = partitions(&[&[0, 1, 2], &[1, 2], &[2, 0, 1]]);
    let after = resize(&before, 3, &six()).unwrap();
    assert_eq!(after.keys().copied().collect::<Vec<_>>(), [1]);
}

#[test]
fn replicas_out_of_sync_and_in_crowded_racks_go_first() {
    // 0 and 3 are in one rack.
    let after = resize(&partitions(&[&[0, 3, 1]]), 2, &six()).unwrap();
    assert_eq!(after[&0], [0, 1]);
    let mut lagging = partitions(&[&[0, 1, 2]]);
    lagging[0].isr = vec![0, 2];
    assert_eq!(resize(&lagging, 2, &six()).unwrap()[&0], [0, 2]);
    let mut leaderless = partitions(&[&[0, 1, 2]]);
    leaderless[0].isr = vec![1, 2];
    assert_eq!(resize(&leaderless, 1, &six()).unwrap()[&0], [1]);
}

#[test]
fn a_replica_on_a_broker_that_is_gone_goes_first() {
    let mut brokers = six();
    brokers.remove(&1);
    assert_eq!(resize(&partitions(&[&[0, 1, 2]]), 2, &brokers).unwrap()[&0], [0, 2]);
}

#[test]
fn without_racks_brokers_are_filled_evenly() {
    let brokers: Brokers = (0..3).map(|id| (id, None)).collect();
    let after = resize(&partitions(&[&[0], &[1], &[2]]), 2, &brokers).unwrap();
    let second: BTreeSet<i32> = after.values().map(|replicas| replicas[1]).collect();
    assert_eq!(second.len(), 3, "{after:?}");
}

#[test]
fn there_cannot_be_more_replicas_than_brokers() {
    assert_eq!(resize(&partitions(&[&[0]]), 7, &six()), None);
}

/// Brokers 3 to 5, one in each rack.
fn half(brokers: &Brokers) -> Place {
    Place::new(brokers, Some((3..6).collect()), &BTreeSet::new())
}

#[test]
fn replicas_elsewhere_are_replaced_and_leaders_stay_spread() {
    let before = partitions(&[&[0, 1, 2], &[1, 2, 0], &[2, 0, 1], &[3, 1, 2]]);
    let after = settle(&before, 3, &half(&six())).unwrap();
    let mut leaders = BTreeSet::new();
    for (index, replicas) in &after {
        let members: BTreeSet<i32> = replicas.iter().copied().collect();
        assert_eq!(members, BTreeSet::from([3, 4, 5]), "{index}");
        leaders.insert(replicas[0]);
    }
    assert_eq!((after.len(), leaders.len()), (4, 3), "{after:?}");
    assert_eq!(after[&3][0], 3, "who is in its place stays where it is");
}

#[test]
fn replicas_elsewhere_go_first_when_there_are_to_be_fewer() {
    assert_eq!(settle(&partitions(&[&[0, 4, 5]]), 2, &half(&six())).unwrap()[&0], [4, 5]);
}

#[test]
fn a_member_that_does_not_serve_keeps_its_replicas() {
    let mut brokers = six();
    brokers.remove(&4);
    let before = partitions(&[&[3, 4]]);
    assert!(settle(&before, 2, &half(&brokers)).unwrap().is_empty());
    // In a rack of which nobody can say whether it is one of those asked for.
    let rack = BTreeSet::from(["zone-0".to_owned()]);
    let place = Place::new(&brokers, Some((3..6).collect()), &rack);
    assert!(settle(&before, 2, &place).unwrap().is_empty());
    assert_eq!(settle(&partitions(&[&[3, 5]]), 2, &place), None, "one broker is left");
}

#[test]
fn new_partitions_spread_leaders_and_racks_and_join_those_that_are_there() {
    let before = partitions(&[&[3, 4], &[4, 5]]);
    let new = added(&before, 4, 2, &half(&six())).unwrap();
    let leaders: Vec<i32> = new.iter().map(|replicas| replicas[0]).collect();
    assert_eq!(leaders.iter().filter(|id| **id == 5).count(), 2, "{new:?}");
    assert!(new.iter().all(|replicas| replicas[0] != replicas[1]), "{new:?}");
    assert_eq!(added(&[], 1, 4, &half(&six())), None);
}
