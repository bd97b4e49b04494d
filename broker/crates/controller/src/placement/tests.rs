use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

const RACKS: [&str; 4] = ["a", "b", "c", "d"];

fn broker(id: i32, rack: usize, fenced: bool) -> UsableBroker<'static> {
    UsableBroker { id, rack: Some(RACKS[rack]), fenced }
}

fn place_all(
    brokers: &[UsableBroker<'static>],
    count: usize,
    replication_factor: i16,
    seed: u64,
) -> Result<Vec<Vec<i32>>, ApiError> {
    let loads = Loads { registered: brokers.len(), ..Loads::default() };
    let mut random = StdRng::seed_from_u64(seed);
    place(brokers.iter().copied(), &loads, count, replication_factor, &mut random)
}

fn counts(ids: impl IntoIterator<Item = i32>, brokers: usize) -> Vec<usize> {
    let mut counts = vec![0; brokers];
    for id in ids {
        counts[id as usize] += 1;
    }
    counts
}

fn spread(counts: &[usize]) -> usize {
    counts.iter().max().unwrap() - counts.iter().min().unwrap()
}

proptest! {
    #[test]
    fn no_broker_twice_leaders_unfenced_and_as_many_racks_as_there_are(
        layout in proptest::collection::vec((0_usize..4, any::<bool>()), 1..12),
        count in 1_usize..40,
        wanted in 1_i16..12,
        seed in any::<u64>(),
    ) {
        let brokers: Vec<_> = layout
            .iter()
            .enumerate()
            .map(|(id, (rack, fenced))| broker(id as i32, *rack, *fenced))
            .collect();
        let racks: BTreeSet<_> = brokers.iter().map(|b| b.rack).collect();
        let possible = brokers.iter().any(|b| !b.fenced) && wanted as usize <= brokers.len();
        let placed = place_all(&brokers, count, wanted, seed);
        prop_assert_eq!(placed.is_ok(), possible);
        for replicas in placed.unwrap_or_default() {
            prop_assert_eq!(replicas.len(), wanted as usize);
            let distinct: BTreeSet<_> = replicas.iter().collect();
            prop_assert_eq!(distinct.len(), replicas.len());
            prop_assert!(!brokers[replicas[0] as usize].fenced);
            let used: BTreeSet<_> = replicas.iter().map(|id| brokers[*id as usize].rack).collect();
            prop_assert_eq!(used.len(), racks.len().min(replicas.len()));
        }
    }

    #[test]
    fn leaders_are_even_over_brokers_however_many_a_rack_has(
        layout in proptest::collection::vec(0_usize..4, 1..12),
        count in 1_usize..60,
        wanted in 1_i16..4,
        seed in any::<u64>(),
    ) {
        let brokers: Vec<_> =
            layout.iter().enumerate().map(|(id, rack)| broker(id as i32, *rack, false)).collect();
        let wanted = wanted.min(brokers.len() as i16);
        let placed = place_all(&brokers, count, wanted, seed).unwrap();
        let leaders = counts(placed.iter().map(|replicas| replicas[0]), brokers.len());
        prop_assert!(spread(&leaders) <= 1, "{leaders:?}");
    }

    #[test]
    fn replicas_are_even_over_brokers_of_equal_racks(
        racks in 1_usize..5,
        in_rack in 1_usize..5,
        count in 1_usize..60,
        wanted in 1_i16..6,
        seed in any::<u64>(),
    ) {
        let total = racks * in_rack;
        let brokers: Vec<_> = (0..total).map(|id| broker(id as i32, id % racks, false)).collect();
        let wanted = wanted.min(total as i16);
        let placed = place_all(&brokers, count, wanted, seed).unwrap();
        let replicas = counts(placed.iter().flatten().copied(), total);
        prop_assert!(spread(&replicas) <= 2, "{replicas:?} {placed:?}");
    }

    #[test]
    fn partitions_of_a_failed_broker_go_to_many(seed in any::<u64>(), wanted in 3_i16..6) {
        let brokers: Vec<_> = (0..6).map(|id| broker(id, id as usize % 3, false)).collect();
        let placed = place_all(&brokers, 36, wanted, seed).unwrap();
        for failed in 0..6 {
            let next = placed.iter().filter(|replicas| replicas[0] == failed);
            let next: Vec<i32> = next.map(|replicas| replicas[1]).collect();
            prop_assert_eq!(next.len(), 6);
            let most = counts(next.iter().copied(), 6).into_iter().max().unwrap();
            prop_assert!(most <= 3, "{failed} leaves its partitions to {next:?}");
        }
    }
}

#[test]
fn the_same_seed_places_alike() {
    let brokers: Vec<_> = (0..5).map(|id| broker(id, 0, false)).collect();
    assert_eq!(place_all(&brokers, 20, 3, 7), place_all(&brokers, 20, 3, 7));
}

#[test]
fn fenced_brokers_come_last() {
    let brokers = [broker(0, 0, true), broker(1, 1, false), broker(2, 2, false)];
    for replicas in place_all(&brokers, 6, 2, 3).unwrap() {
        assert!(!replicas.contains(&0), "{replicas:?}");
    }
    for replicas in place_all(&brokers, 6, 3, 3).unwrap() {
        assert_eq!(replicas[2], 0, "{replicas:?}");
    }
}

#[test]
fn topics_of_one_partition_fill_up_a_new_broker_but_one_topic_is_spread() {
    let brokers: Vec<_> = (0..3).map(|id| broker(id, 0, false)).collect();
    let old = Load { leaders: 10, replicas: 20 };
    let total = BTreeMap::from([(0, old), (1, old)]);
    let loads = Loads { registered: 3, topic: BTreeMap::new(), total };
    let mut random = StdRng::seed_from_u64(0);
    let one = place(brokers.iter().copied(), &loads, 1, 1, &mut random).unwrap();
    assert_eq!(one, [[2]]);
    let many = place(brokers.iter().copied(), &loads, 3, 1, &mut random).unwrap();
    assert_eq!(counts(many.into_iter().flatten(), 3), [1, 1, 1]);
}

#[test]
fn added_partitions_even_out_a_topic() {
    let brokers: Vec<_> = (0..3).map(|id| broker(id, 0, false)).collect();
    let mut topic = BTreeMap::new();
    Loads::count(&mut topic, &[0, 1]);
    Loads::count(&mut topic, &[0, 1]);
    let loads = Loads { registered: 3, topic, total: BTreeMap::new() };
    let mut random = StdRng::seed_from_u64(0);
    let added = place(brokers.iter().copied(), &loads, 4, 2, &mut random).unwrap();
    assert_eq!(counts(added.iter().map(|replicas| replicas[0]), 3), [0, 2, 2]);
}

#[test]
fn what_cannot_be_placed_says_why() {
    let error = place_all(&[broker(0, 0, true)], 1, 1, 0).unwrap_err();
    assert_eq!(error.code, ErrorCode::INVALID_REPLICATION_FACTOR);
    let error = place_all(&[broker(0, 0, false)], 1, 3, 0).unwrap_err();
    assert!(error.message.contains("only 1 can take replicas: 1 are registered"), "{error}");
}
