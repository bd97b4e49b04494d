use std::collections::BTreeSet;

use super::{Brokers, resize};
use crate::kafka::Partition;

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
