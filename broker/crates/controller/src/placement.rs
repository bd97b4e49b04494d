//! Where new replicas go: spread over racks, even over brokers.
//!
//! The guarantees of Kafka's `StripedReplicaPlacer` hold: no broker twice in a partition, leaders
//! on unfenced brokers, replicas over as many racks as there are. Beyond them
//!
//! * leaders are even over brokers also when racks have different sizes, and replicas are as even
//!   as the racks admit;
//! * those that follow the same leader differ in who is next in line, so that the partitions of a
//!   broker that fails go to many others;
//! * partitions added to a topic, and topics of few partitions, fill up what is empty: among
//!   brokers that have as much of the topic, the one that has less in total is taken;
//! * a fenced broker is taken only where the racks leave no other.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use barnabas_wire::ErrorCode;
use rand::Rng;

use crate::ApiError;

/// A broker that may get replicas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsableBroker<'a> {
    pub(crate) id: i32,
    pub(crate) rack: Option<&'a str>,
    pub(crate) fenced: bool,
}

/// What a broker holds already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) leaders: usize,
    pub(crate) replicas: usize,
}

/// What there is before the new partitions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loads {
    /// Brokers that are registered, usable or not.
    pub(crate) registered: usize,
    /// Of the same topic, by broker.
    pub(crate) topic: BTreeMap<i32, Load>,
    /// Of all topics, by broker.
    pub(crate) total: BTreeMap<i32, Load>,
}

impl Loads {
    /// Counts the replicas of a partition, the preferred leader first.
    pub(crate) fn count(loads: &mut BTreeMap<i32, Load>, replicas: &[i32]) {
        for (n, broker) in replicas.iter().enumerate() {
            let load = loads.entry(*broker).or_default();
            load.replicas += 1;
            load.leaders += usize::from(n == 0);
        }
    }
}

/// Replicas of `count` new partitions, the leader first.
pub(crate) fn place<'a>(
    brokers: impl IntoIterator<Item = UsableBroker<'a>>,
    loads: &Loads,
    count: usize,
    replication_factor: i16,
    random: &mut impl Rng,
) -> Result<Vec<Vec<i32>>, ApiError> {
    let refuse =
        |message: String| Err(ApiError::new(ErrorCode::INVALID_REPLICATION_FACTOR, message));
    let wanted = usize::try_from(replication_factor).unwrap_or(0);
    if wanted == 0 {
        return refuse("the replication factor has to be at least 1".to_owned());
    }
    let mut board = Board::new(brokers, loads);
    let usable = board.brokers.len();
    if wanted > usable {
        return refuse(format!(
            "a replication factor of {wanted} needs {wanted} brokers, but only {usable} can take \
             replicas: {} are registered, and one that shuts down or whose log directories are \
             all cordoned takes none",
            loads.registered
        ));
    }
    if board.brokers.iter().all(|broker| broker.fenced) {
        return refuse(format!(
            "all {usable} brokers are fenced: none can lead a new partition now"
        ));
    }
    let first = random.random_range(0..usable);
    board.brokers.rotate_left(first);
    Ok((0..count).map(|_| board.place(wanted)).collect())
}

/// A broker, and what it has.
#[derive(Debug)]
struct Candidate {
    id: i32,
    rack: usize,
    fenced: bool,
    topic: Load,
    total: Load,
    /// Partitions of this request in which it is next in line, by leader.
    next_after: BTreeMap<i32, usize>,
}

/// All brokers, in an order that begins anywhere, so that ties are broken in turns.
#[derive(Debug)]
struct Board {
    brokers: Vec<Candidate>,
    racks: usize,
}

impl Board {
    fn new<'a>(brokers: impl IntoIterator<Item = UsableBroker<'a>>, loads: &Loads) -> Self {
        let mut brokers: Vec<UsableBroker<'a>> = brokers.into_iter().collect();
        brokers.sort_unstable_by_key(|broker| broker.id);
        // Brokers without a rack form one.
        let mut racks: Vec<&str> =
            brokers.iter().map(|broker| broker.rack.unwrap_or_default()).collect();
        racks.sort_unstable();
        racks.dedup();
        let load = |loads: &BTreeMap<i32, Load>, id| loads.get(&id).copied().unwrap_or_default();
        let candidates = brokers.iter().map(|broker| Candidate {
            id: broker.id,
            rack: racks.binary_search(&broker.rack.unwrap_or_default()).unwrap_or(0),
            fenced: broker.fenced,
            topic: load(&loads.topic, broker.id),
            total: load(&loads.total, broker.id),
            next_after: BTreeMap::new(),
        });
        Self { brokers: candidates.collect(), racks: racks.len() }
    }

    /// `wanted` is at most the number of brokers.
    fn place(&mut self, wanted: usize) -> Vec<i32> {
        let mut in_rack = vec![0_usize; self.racks];
        let mut chosen: Vec<usize> = Vec::with_capacity(wanted);
        let leader = self.pick(&chosen, |broker| {
            (
                broker.fenced,
                broker.topic.leaders,
                broker.topic.replicas,
                broker.total.leaders,
                broker.total.replicas,
            )
        });
        let Some(leader) = leader else { return Vec::new() };
        self.take(leader, &mut in_rack);
        chosen.push(leader);
        while chosen.len() < wanted {
            let follower = self.pick(&chosen, |broker| {
                let (topic, total) = (broker.topic.replicas, broker.total.replicas);
                // With equal replicas the one that leads least has its turns to lead before it.
                (in_rack[broker.rack], broker.fenced, topic, Reverse(broker.topic.leaders), total)
            });
            let Some(follower) = follower else { break };
            self.take(follower, &mut in_rack);
            chosen.push(follower);
        }
        let leader = &mut self.brokers[leader];
        leader.topic.leaders += 1;
        leader.total.leaders += 1;
        let leader = leader.id;
        self.line_up(leader, &mut chosen[1..]);
        chosen.iter().map(|index| self.brokers[*index].id).collect()
    }

    /// The first of the brokers with the smallest key that is not chosen yet.
    fn pick<K: Ord>(&self, chosen: &[usize], key: impl Fn(&Candidate) -> K) -> Option<usize> {
        let free = self.brokers.iter().enumerate().filter(|(index, _)| !chosen.contains(index));
        free.min_by_key(|(_, broker)| key(broker)).map(|(index, _)| index)
    }

    fn take(&mut self, index: usize, in_rack: &mut [usize]) {
        let broker = &mut self.brokers[index];
        broker.topic.replicas += 1;
        broker.total.replicas += 1;
        in_rack[broker.rack] += 1;
    }

    /// Who is next in line after this leader takes turns; fenced brokers come last.
    fn line_up(&mut self, leader: i32, followers: &mut [usize]) {
        followers.sort_by_key(|index| {
            let broker = &self.brokers[*index];
            (broker.fenced, broker.next_after.get(&leader).copied().unwrap_or(0))
        });
        if let Some(next) = followers.first() {
            *self.brokers[*next].next_after.entry(leader).or_default() += 1;
        }
    }
}
