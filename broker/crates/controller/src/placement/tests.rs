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
    place(brokers.iter().copied(), count, replication_factor, &mut StdRng::seed_from_u64(seed))
}

proptest! {
    #[test]
    fn no_broker_twice_and_leaders_unfenced(
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
        let possible = brokers.iter().any(|b| !b.fenced) && wanted as usize <= brokers.len();
        let placed = place_all(&brokers, count, wanted, seed);
        prop_assert_eq!(placed.is_ok(), possible);
        for replicas in placed.unwrap_or_default() {
            prop_assert_eq!(replicas.len(), wanted as usize);
            let distinct: BTreeSet<_> = replicas.iter().collect();
            prop_assert_eq!(distinct.len(), replicas.len());
            prop_assert!(!brokers[replicas[0] as usize].fenced);
        }
    }

    #[test]
    fn replicas_spread_over_equal_racks(seed in any::<u64>(), wanted in 1_i16..7) {
        let brokers: Vec<_> = (0..9).map(|id| broker(id, id as usize % 3, false)).collect();
        let placed = place_all(&brokers, 9, wanted, seed).unwrap();
        let mut leaders: BTreeMap<i32, usize> = BTreeMap::new();
        for replicas in &placed {
            let racks: BTreeSet<_> = replicas.iter().map(|id| id % 3).collect();
            prop_assert_eq!(racks.len(), (wanted as usize).min(3));
            *leaders.entry(replicas[0]).or_default() += 1;
        }
        prop_assert!(leaders.values().all(|count| *count == 1), "{leaders:?}");
    }
}

#[test]
fn the_same_seed_places_alike() {
    let brokers: Vec<_> = (0..5).map(|id| broker(id, 0, false)).collect();
    assert_eq!(place_all(&brokers, 20, 3, 7), place_all(&brokers, 20, 3, 7));
}

#[test]
fn fenced_brokers_come_last() {
    let brokers = [broker(0, 0, true), broker(1, 0, false), broker(2, 0, false)];
    for replicas in place_all(&brokers, 6, 2, 3).unwrap() {
        assert!(!replicas.contains(&0), "{replicas:?}");
    }
}

#[test]
fn what_cannot_be_placed_says_why() {
    let error = place_all(&[broker(0, 0, true)], 1, 1, 0).unwrap_err();
    assert_eq!(error.code, ErrorCode::INVALID_REPLICATION_FACTOR);
    let error = place_all(&[broker(0, 0, false)], 1, 3, 0).unwrap_err();
    assert!(error.message.contains("only 1 can take replicas"), "{error}");
}
