//! Where replicas go: pure.
//!
//! New topics and partitions are placed by the controllers, unless a topic has a place of its own.
//! Replicas that are where they may be are not moved: a topic gets more in the racks, and on the
//! brokers, that have fewest of it, and gives up those that are worth least.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::kafka::{Assignment, Partition};

/// Live brokers with their racks.
pub type Brokers = BTreeMap<i32, Option<String>>;

/// The brokers that a topic may be on.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// Those that serve, all of them.
    brokers: Brokers,
    /// Ids of brokers of the topic's node pools, whether they serve or not; `None` is any.
    members: Option<BTreeSet<i32>>,
    /// Racks that it may be in; none named is any.
    racks: BTreeSet<String>,
}

impl Place {
    /// The place of a topic, among the brokers that serve.
    #[must_use]
    pub fn new(
        brokers: &Brokers,
        members: Option<BTreeSet<i32>>,
        racks: &BTreeSet<String>,
    ) -> Self {
        Self { brokers: brokers.clone(), members, racks: racks.clone() }
    }

    /// The brokers that serve and may have the topic.
    pub fn brokers(&self) -> impl Iterator<Item = i32> {
        self.brokers.keys().copied().filter(|id| !self.excludes(*id))
    }

    /// How many brokers its pools have, if it has pools.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        self.members.as_ref().map(BTreeSet::len)
    }

    /// Whether a broker is known to be none that may have the topic. The rack of one that does not
    /// serve is not known: it keeps what it has.
    fn excludes(&self, id: i32) -> bool {
        let stranger = self.members.as_ref().is_some_and(|members| !members.contains(&id));
        let rack = self.brokers.get(&id);
        let elsewhere = |rack: &Option<String>| {
            !self.racks.is_empty() && rack.as_ref().is_none_or(|rack| !self.racks.contains(rack))
        };
        stranger || rack.is_some_and(elsewhere)
    }

    /// How many of `replicas` are in the rack of a broker; without racks, each broker is one.
    fn crowd(&self, id: i32, replicas: &[i32]) -> usize {
        let rack = |id: &i32| self.brokers.get(id).and_then(Option::as_ref);
        let Some(own) = rack(&id) else { return 0 };
        replicas.iter().filter(|other| rack(other) == Some(own)).count()
    }
}

/// How many replicas of a topic brokers have, and how many of those lead.
#[derive(Default)]
struct Load {
    replicas: BTreeMap<i32, usize>,
    leaders: BTreeMap<i32, usize>,
}

impl Load {
    fn of(partitions: &[Partition]) -> Self {
        let mut load = Self::default();
        for partition in partitions {
            for (position, id) in partition.replicas.iter().enumerate() {
                load.add(*id, position);
            }
        }
        load
    }

    fn add(&mut self, id: i32, position: usize) {
        *self.replicas.entry(id).or_default() += 1;
        *self.leaders.entry(id).or_default() += usize::from(position == 0);
    }

    fn remove(&mut self, id: i32, position: usize) {
        let less = |count: &mut usize, by: usize| *count = count.saturating_sub(by);
        self.replicas.entry(id).and_modify(|count| less(count, 1));
        self.leaders.entry(id).and_modify(|count| less(count, usize::from(position == 0)));
    }
}

/// The partitions whose replicas are not `wanted` many in the topic's place, with the replicas
/// that they should have. `None` if there are not enough brokers.
#[must_use]
pub fn settle(partitions: &[Partition], wanted: usize, place: &Place) -> Option<Assignment> {
    let mut load = Load::of(partitions);
    let mut changed = Assignment::new();
    for partition in partitions {
        let mut replicas = partition.replicas.clone();
        while replicas.len() > wanted {
            let position = dispensable(&replicas, &partition.isr, place, &load)?;
            load.remove(replicas.remove(position), position);
        }
        for position in 0..wanted {
            let id = replicas.get(position).copied();
            if id.is_some_and(|id| !place.excludes(id)) {
                continue;
            }
            let newcomer = newcomer(&replicas, position, place, &load)?;
            load.add(newcomer, position);
            match id {
                Some(stranger) => {
                    load.remove(stranger, position);
                    replicas[position] = newcomer;
                }
                None => replicas.push(newcomer),
            }
        }
        if replicas != partition.replicas {
            changed.insert(partition.index, replicas);
        }
    }
    Some(changed)
}

/// The replicas of `count` new partitions of a topic that has `partitions`. `None` if there are
/// not enough brokers.
#[must_use]
pub fn added(
    partitions: &[Partition],
    count: usize,
    wanted: usize,
    place: &Place,
) -> Option<Vec<Vec<i32>>> {
    let mut load = Load::of(partitions);
    let mut new = Vec::new();
    for _ in 0..count {
        let mut replicas = Vec::new();
        for position in 0..wanted {
            let id = newcomer(&replicas, position, place, &load)?;
            load.add(id, position);
            replicas.push(id);
        }
        new.push(replicas);
    }
    Some(new)
}

/// The broker that is to have one more replica: in the rack with the fewest of this partition,
/// with the fewest of the topic; of several the next by id, so that followers of one leader are
/// not all on one broker. The first replica goes where fewest lead.
fn newcomer(replicas: &[i32], position: usize, place: &Place, load: &Load) -> Option<i32> {
    let count = |loads: &BTreeMap<i32, usize>, id: i32| loads.get(&id).copied().unwrap_or_default();
    let kept: Vec<i32> = replicas.iter().copied().filter(|id| !place.excludes(*id)).collect();
    let last = kept.last().copied().unwrap_or_default();
    place.brokers().filter(|id| !replicas.contains(id)).min_by_key(|id| {
        let leads = if position == 0 { count(&load.leaders, *id) } else { 0 };
        (place.crowd(*id, &kept), leads, count(&load.replicas, *id), *id < last, *id)
    })
}

/// The position of the replica that goes: one that is not in its place, then one that is not in
/// sync, then one that shares its rack with most, then one of the broker with most; the preferred
/// leader last.
fn dispensable(replicas: &[i32], isr: &[i32], place: &Place, load: &Load) -> Option<usize> {
    (0..replicas.len()).min_by_key(|position| {
        let id = replicas[*position];
        let in_sync = isr.contains(&id) && place.brokers.contains_key(&id);
        let load = load.replicas.get(&id).copied().unwrap_or_default();
        let crowd = place.crowd(id, replicas);
        let stays = !place.excludes(id);
        (stays, in_sync, *position == 0, Reverse(crowd), Reverse(load), Reverse(*position))
    })
}

#[cfg(test)]
mod tests;
