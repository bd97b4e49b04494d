//! Where new replicas go: striped over racks and brokers.
//!
//! The guarantees are those of Kafka's `StripedReplicaPlacer`: no broker twice in a partition;
//! leaders on unfenced brokers; replicas over as many racks as there are, in turns; brokers of a
//! rack even over a request. Leaders are even within a rack too, where Kafka's stripes can make
//! the same broker lead each time its rack has its turn. Existing load is not considered.

#[cfg(test)]
mod tests;

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

/// Replicas of `count` new partitions, the leader first.
pub(crate) fn place<'a>(
    brokers: impl IntoIterator<Item = UsableBroker<'a>>,
    count: usize,
    replication_factor: i16,
    random: &mut impl Rng,
) -> Result<Vec<Vec<i32>>, ApiError> {
    let mut racks = Racks::new(brokers);
    let wanted = usize::try_from(replication_factor).unwrap_or(0);
    if wanted == 0 {
        let message = "the replication factor has to be at least 1";
        return Err(ApiError::new(ErrorCode::INVALID_REPLICATION_FACTOR, message));
    }
    if racks.unfenced == 0 {
        let message = "all brokers are fenced: none can lead a new partition now";
        return Err(ApiError::new(ErrorCode::INVALID_REPLICATION_FACTOR, message));
    }
    if wanted > racks.total {
        let message = format!(
            "a replication factor of {wanted} needs {wanted} brokers, but only {} can take \
             replicas: registered, not shutting down and with a log directory that is not \
             cordoned",
            racks.total
        );
        return Err(ApiError::new(ErrorCode::INVALID_REPLICATION_FACTOR, message));
    }
    racks.shuffle(random);
    Ok((0..count).map(|partition| racks.place(partition, wanted)).collect())
}

/// A broker, and what it got so far.
#[derive(Debug)]
struct Candidate {
    id: i32,
    fenced: bool,
    leaders: usize,
    replicas: usize,
    /// The last partition that it got a replica of.
    partition: Option<usize>,
}

/// The brokers of a rack, in an order that begins anywhere.
#[derive(Debug, Default)]
struct Rack {
    brokers: Vec<Candidate>,
}

impl Rack {
    /// The unfenced broker that leads the least.
    fn leader(&mut self, partition: usize) -> Option<i32> {
        let candidates = self.brokers.iter_mut().filter(|broker| !broker.fenced);
        let broker = candidates.min_by_key(|broker| (broker.leaders, broker.replicas))?;
        broker.leaders += 1;
        Some(broker.take(partition))
    }

    /// The broker that holds the least, a fenced one only if there is no other.
    fn follower(&mut self, partition: usize) -> Option<i32> {
        let unused = self.brokers.iter_mut().filter(|broker| broker.partition != Some(partition));
        let broker = unused.min_by_key(|broker| (broker.fenced, broker.replicas))?;
        Some(broker.take(partition))
    }
}

impl Candidate {
    fn take(&mut self, partition: usize) -> i32 {
        self.replicas += 1;
        self.partition = Some(partition);
        self.id
    }
}

#[derive(Debug)]
struct Racks {
    racks: Vec<Rack>,
    start: usize,
    unfenced: usize,
    total: usize,
}

impl Racks {
    fn new<'a>(brokers: impl IntoIterator<Item = UsableBroker<'a>>) -> Self {
        let mut racks: BTreeMap<&str, Rack> = BTreeMap::new();
        let (mut unfenced, mut total) = (0, 0);
        for UsableBroker { id, rack, fenced } in brokers {
            // Brokers without a rack form one.
            let rack = racks.entry(rack.unwrap_or_default()).or_default();
            let candidate = Candidate { id, fenced, leaders: 0, replicas: 0, partition: None };
            rack.brokers.push(candidate);
            unfenced += usize::from(!fenced);
            total += 1;
        }
        let mut racks: Vec<Rack> = racks.into_values().collect();
        for rack in &mut racks {
            rack.brokers.sort_unstable_by_key(|broker| broker.id);
        }
        Self { racks, start: 0, unfenced, total }
    }

    fn shuffle(&mut self, random: &mut impl Rng) {
        self.start = random.random_range(0..self.racks.len());
        for rack in &mut self.racks {
            let first = random.random_range(0..rack.brokers.len());
            rack.brokers.rotate_left(first);
        }
    }

    /// `wanted` is at most the number of brokers, so that the turns come to an end.
    fn place(&mut self, partition: usize, wanted: usize) -> Vec<i32> {
        let racks = self.racks.len();
        let start = self.start;
        self.start = (start + 1) % racks;
        let mut replicas = Vec::with_capacity(wanted);
        let mut leader_rack = None;
        for rack in (0..racks).map(|n| (start + n) % racks) {
            if let Some(leader) = self.racks[rack].leader(partition) {
                replicas.push(leader);
                leader_rack = Some(rack);
                break;
            }
        }
        for turn in 0..=racks * (self.total + 1) {
            if replicas.len() == wanted {
                break;
            }
            let rack = (start + turn) % racks;
            if Some(rack) == leader_rack {
                // The leader was this rack's turn.
                leader_rack = None;
                continue;
            }
            replicas.extend(self.racks[rack].follower(partition));
        }
        replicas
    }
}
