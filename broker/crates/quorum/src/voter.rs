//! Who may vote: the voter set, and its history in the log.

use std::collections::BTreeMap;

use crate::{ControlRecord, Endpoint, NodeId, ReplicaKey};

/// One voter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Voter {
    /// Who it is; without a directory id while voters are static.
    pub key: ReplicaKey,
    /// Its controller endpoints.
    pub endpoints: Vec<Endpoint>,
    /// The lowest kraft.version that it supports.
    pub kraft_version_min: i16,
    /// The highest kraft.version that it supports.
    pub kraft_version_max: i16,
}

impl Voter {
    /// The endpoint on a listener.
    #[must_use]
    pub fn endpoint(&self, listener: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.listener == listener)
    }
}

/// The nodes whose votes and log ends count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoterSet {
    voters: BTreeMap<NodeId, Voter>,
}

impl VoterSet {
    /// A set of the given voters; of two with one id the later one counts.
    #[must_use]
    pub fn new(voters: impl IntoIterator<Item = Voter>) -> Self {
        Self { voters: voters.into_iter().map(|voter| (voter.key.id, voter)).collect() }
    }

    /// The set with a voter added, or replaced if its id is there.
    #[must_use]
    pub fn with(mut self, voter: Voter) -> Self {
        self.voters.insert(voter.key.id, voter);
        self
    }

    /// The set without a voter.
    #[must_use]
    pub fn without(mut self, id: NodeId) -> Self {
        self.voters.remove(&id);
        self
    }

    /// All voters in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Voter> {
        self.voters.values()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.voters.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.voters.is_empty()
    }

    /// The voter with that id, whatever its directory.
    #[must_use]
    pub fn by_id(&self, id: NodeId) -> Option<&Voter> {
        self.voters.get(&id)
    }

    /// Whether the replica is a voter. An entry without a directory matches by id alone.
    #[must_use]
    pub fn contains(&self, key: &ReplicaKey) -> bool {
        self.voters
            .get(&key.id)
            .is_some_and(|voter| voter.key.directory.is_none() || voter.key == *key)
    }

    /// Whether the replica is the one and only voter.
    #[must_use]
    pub fn is_only(&self, key: &ReplicaKey) -> bool {
        self.len() == 1 && self.contains(key)
    }

    /// How many votes decide.
    #[must_use]
    pub fn majority(&self) -> usize {
        self.len() / 2 + 1
    }

    /// Whether each majority of one set overlaps with each majority of the other: at most one
    /// voter added and one removed between neighbouring sets (KIP-853).
    #[must_use]
    pub fn overlaps_majority(&self, other: &Self) -> bool {
        let kept = self.iter().filter(|voter| other.contains(&voter.key)).count();
        self.len() - kept <= 1 && other.len() - kept <= 1
    }
}

/// The voter sets and kraft.versions in the log, by offset.
///
/// The newest counts whether committed or not; truncation restores the one before.
#[derive(Clone, Debug)]
pub struct VoterHistory {
    /// Static voters, or those of the bootstrap snapshot: in force until the log says otherwise.
    initial: VoterSet,
    initial_version: i16,
    sets: BTreeMap<i64, VoterSet>,
    versions: BTreeMap<i64, i16>,
}

impl VoterHistory {
    /// A history that begins with voters from the configuration (kraft.version 0) or from the
    /// bootstrap snapshot (1).
    #[must_use]
    pub fn new(initial: VoterSet, kraft_version: i16) -> Self {
        Self {
            initial,
            initial_version: kraft_version,
            sets: BTreeMap::new(),
            versions: BTreeMap::new(),
        }
    }

    /// Takes note of a control record at an offset. Records of other kinds are ignored.
    pub fn apply(&mut self, offset: i64, record: &ControlRecord) {
        match record {
            ControlRecord::Voters(voters) => {
                self.sets.insert(offset, voters.clone());
            }
            ControlRecord::KraftVersion(version) => {
                self.versions.insert(offset, *version);
            }
            _ => {}
        }
    }

    /// Forgets everything at or above the offset.
    pub fn truncate(&mut self, end_offset: i64) {
        self.sets.split_off(&end_offset);
        self.versions.split_off(&end_offset);
    }

    /// Forgets what is superseded at the offset, which became the start of the log.
    pub fn compact(&mut self, start_offset: i64) {
        let keep = self.sets.range(..=start_offset).next_back().map(|(offset, _)| *offset);
        if let Some(keep) = keep {
            self.sets = self.sets.split_off(&keep);
        }
        let keep = self.versions.range(..=start_offset).next_back().map(|(offset, _)| *offset);
        if let Some(keep) = keep {
            self.versions = self.versions.split_off(&keep);
        }
    }

    /// The voters in force.
    #[must_use]
    pub fn voters(&self) -> &VoterSet {
        self.sets.last_key_value().map_or(&self.initial, |(_, voters)| voters)
    }

    /// The offset of the voters in force; absent when they are not in the log.
    #[must_use]
    pub fn voters_offset(&self) -> Option<i64> {
        self.sets.last_key_value().map(|(offset, _)| *offset)
    }

    /// The voters in force at the end of a snapshot.
    #[must_use]
    pub fn voters_at(&self, end_offset: i64) -> &VoterSet {
        self.sets.range(..end_offset).next_back().map_or(&self.initial, |(_, voters)| voters)
    }

    /// The finalized kraft.version.
    #[must_use]
    pub fn kraft_version(&self) -> i16 {
        self.versions.last_key_value().map_or(self.initial_version, |(_, version)| *version)
    }
}
