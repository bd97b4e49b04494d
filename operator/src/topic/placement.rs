//! Where replicas go when a topic is to have more or fewer of them: pure.
//!
//! New topics and partitions are placed by the controllers. Here, replicas that stay are not moved:
//! a topic gets more in the racks, and on the brokers, that have fewest of it, and gives up those
//! that are worth least.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::kafka::{Assignment, Partition};

/// Live brokers with their racks.
pub type Brokers = BTreeMap<i32, Option<String>>;

/// The partitions that have another number of replicas than `wanted`, with the replicas that they
/// should have. `None` if there are not enough brokers.
#[must_use]
pub fn resize(partitions: &[Partition], wanted: usize, brokers: &Brokers) -> Option<Assignment> {
    let mut load: BTreeMap<i32, usize> = BTreeMap::new();
    for id in partitions.iter().flat_map(|partition| &partition.replicas) {
        *load.entry(*id).or_default() += 1;
    }
    let mut changed = Assignment::new();
    for partition in partitions.iter().filter(|p| p.replicas.len() != wanted) {
        let mut replicas = partition.replicas.clone();
        while replicas.len() < wanted {
            let id = newcomer(&replicas, brokers, &load)?;
            *load.entry(id).or_default() += 1;
            replicas.push(id);
        }
        while replicas.len() > wanted {
            let position = dispensable(&replicas, &partition.isr, brokers, &load)?;
            let id = replicas.remove(position);
            load.entry(id).and_modify(|count| *count = count.saturating_sub(1));
        }
        changed.insert(partition.index, replicas);
    }
    Some(changed)
}

/// The broker that is to have one more replica: in the rack with the fewest of this partition,
/// with the fewest of the topic; of several the next by id, so that followers of one leader are
/// not all on one broker.
fn newcomer(replicas: &[i32], brokers: &Brokers, load: &BTreeMap<i32, usize>) -> Option<i32> {
    let last = replicas.last().copied().unwrap_or_default();
    let others = brokers.keys().copied().filter(|id| !replicas.contains(id));
    others.min_by_key(|id| {
        let load = load.get(id).copied().unwrap_or_default();
        (crowd(*id, replicas, brokers), load, *id < last, *id)
    })
}

/// The position of the replica that goes: one that is not in sync, then one that shares its rack
/// with most, then one of the broker with most; the preferred leader last.
fn dispensable(
    replicas: &[i32],
    isr: &[i32],
    brokers: &Brokers,
    load: &BTreeMap<i32, usize>,
) -> Option<usize> {
    (0..replicas.len()).min_by_key(|position| {
        let id = replicas[*position];
        let in_sync = isr.contains(&id) && brokers.contains_key(&id);
        let load = load.get(&id).copied().unwrap_or_default();
        let crowd = crowd(id, replicas, brokers);
        (in_sync, *position == 0, Reverse(crowd), Reverse(load), Reverse(*position))
    })
}

/// How many of `replicas` are in the rack of a broker; without racks, each broker is one.
fn crowd(id: i32, replicas: &[i32], brokers: &Brokers) -> usize {
    let rack = |id: &i32| brokers.get(id).and_then(Option::as_ref);
    let Some(own) = rack(&id) else { return 0 };
    replicas.iter().filter(|other| rack(other) == Some(own)).count()
}

#[cfg(test)]
mod tests;
