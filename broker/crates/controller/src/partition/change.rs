//! One change of one partition as one record (Kafka: `PartitionChangeBuilder`).
//!
//! In this order: a finished reassignment, eligible leader replicas, the election, the forced
//! bump of the leader epoch, ISR, last known leader. No change makes no record.

#[cfg(test)]
mod tests;

use barnabas_bugs::{Bug, is_seeded};
use barnabas_metadata::feature::MetadataVersion;
use barnabas_metadata::image::{LeaderRecoveryState, NO_LEADER, PartitionImage};
use barnabas_metadata::record::PartitionChangeRecord;
use barnabas_wire::Uuid;

/// "The leader stays" in a change record.
const NO_LEADER_CHANGE: i32 = -2;

/// How a leader is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Election {
    /// Among the replicas that hold everything committed.
    Online,
    /// The first replica, if it is one of those; else as before.
    Preferred,
    /// Among all replicas if there is no other way: committed records may be lost.
    Unclean,
}

/// A change in the making.
pub(crate) struct Change<'a> {
    pub(crate) topic_id: Uuid,
    pub(crate) partition_id: i32,
    partition: &'a PartitionImage,
    /// Whether a broker may lead now.
    acceptable: &'a dyn Fn(i32) -> bool,
    rules: Rules,
    election: Election,
    target_isr: Vec<i32>,
    target_replicas: Vec<i32>,
    target_removing: Vec<i32>,
    target_adding: Vec<i32>,
    target_elr: Vec<i32>,
    target_recovery: LeaderRecoveryState,
    /// Of the target replicas, in their order.
    target_directories: Vec<Uuid>,
    unclean_shutdown: Option<i32>,
}

/// What is in force for a topic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) version: MetadataVersion,
    pub(crate) elr_enabled: bool,
    /// `min.insync.replicas`, which counts up to the number of replicas.
    pub(crate) min_isr: usize,
}

/// Another set of replicas for a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// All, those that go included, and the directory of each.
    pub(crate) replicas: Vec<(i32, Uuid)>,
    pub(crate) adding: Vec<i32>,
    pub(crate) removing: Vec<i32>,
}

/// Who was elected.
struct Elected {
    leader: i32,
    unclean: bool,
}

impl<'a> Change<'a> {
    pub(crate) fn new(
        topic_id: Uuid,
        partition_id: i32,
        partition: &'a PartitionImage,
        acceptable: &'a dyn Fn(i32) -> bool,
        rules: Rules,
    ) -> Self {
        Self {
            topic_id,
            partition_id,
            partition,
            acceptable,
            rules,
            election: Election::Online,
            target_isr: partition.isr.clone(),
            target_replicas: partition.replicas.clone(),
            target_removing: partition.removing_replicas.clone(),
            target_adding: partition.adding_replicas.clone(),
            target_elr: partition.elr.clone(),
            target_recovery: partition.leader_recovery_state,
            target_directories: partition.directories.clone(),
            unclean_shutdown: None,
        }
    }

    pub(crate) fn election(mut self, election: Election) -> Self {
        self.election = election;
        self
    }

    pub(crate) fn isr(mut self, isr: Vec<i32>) -> Self {
        self.target_isr = isr;
        self
    }

    pub(crate) fn recovery(mut self, state: LeaderRecoveryState) -> Self {
        self.target_recovery = state;
        self
    }

    /// Other replicas.
    pub(crate) fn reassign(mut self, target: Target) -> Self {
        (self.target_replicas, self.target_directories) = target.replicas.into_iter().unzip();
        self.target_adding = target.adding;
        self.target_removing = target.removing;
        self
    }

    /// The broker keeps its replica in this directory.
    pub(crate) fn directory(mut self, broker: i32, directory: Uuid) -> Self {
        let place = self.target_replicas.iter().position(|replica| *replica == broker);
        if let Some(slot) = place.and_then(|place| self.target_directories.get_mut(place)) {
            *slot = directory;
        }
        self
    }

    /// The broker may have lost what it acknowledged: it is no eligible leader any longer.
    pub(crate) fn unclean_shutdown(mut self, broker: Option<i32>) -> Self {
        self.unclean_shutdown = broker;
        self
    }

    /// The record, if anything changes.
    pub(crate) fn build(mut self) -> Option<PartitionChangeRecord> {
        let mut record = PartitionChangeRecord {
            partition_id: self.partition_id,
            topic_id: self.topic_id,
            ..PartitionChangeRecord::default()
        };
        self.complete_reassignment();
        self.choose_elr();
        self.elect(&mut record);
        self.bump_leader_epoch(&mut record);
        self.write(&mut record);
        let unchanged = PartitionChangeRecord {
            partition_id: self.partition_id,
            topic_id: self.topic_id,
            ..PartitionChangeRecord::default()
        };
        (record != unchanged).then_some(record)
    }

    /// A reassignment is over when every added replica is in sync, and when something remains
    /// without those removed. If fewer are added than removed all targets have to be in sync.
    fn complete_reassignment(&mut self) {
        if self.target_removing.is_empty() && self.target_adding.is_empty() {
            return;
        }
        let stays = |broker: &i32| !self.target_removing.contains(broker);
        let isr: Vec<i32> = self.target_isr.iter().copied().filter(stays).collect();
        let all = self.target_replicas.iter().copied().zip(self.target_directories.iter().copied());
        let (replicas, directories): (Vec<i32>, Vec<Uuid>) =
            all.filter(|(broker, _)| stays(broker)).unzip();
        let needed = if self.target_adding.len() < self.target_removing.len() {
            &replicas
        } else {
            &self.target_adding
        };
        if isr.is_empty() || !needed.iter().all(|broker| isr.contains(broker)) {
            return;
        }
        self.target_isr = isr;
        self.target_replicas = replicas;
        self.target_directories = directories;
        self.target_removing.clear();
        self.target_adding.clear();
    }

    /// While the ISR is smaller than the minimum, those that left it hold everything committed.
    fn choose_elr(&mut self) {
        let min_isr = self.rules.min_isr.min(self.target_replicas.len());
        if !self.rules.elr_enabled || self.target_isr.len() >= min_isr {
            self.target_elr.clear();
            return;
        }
        let mut elr = self.partition.elr.clone();
        elr.extend(self.partition.isr.iter().copied().filter(|b| !self.partition.elr.contains(b)));
        elr.retain(|broker| {
            !self.target_isr.contains(broker)
                && self.target_replicas.contains(broker)
                && self.unclean_shutdown != Some(*broker)
        });
        self.target_elr = elr;
    }

    fn elect(&mut self, record: &mut PartitionChangeRecord) {
        let elected = self.find_leader();
        if self.target_elr.contains(&elected.leader) && self.target_isr.is_empty() {
            self.target_isr = vec![elected.leader];
            self.target_elr.retain(|broker| *broker != elected.leader);
        }
        if elected.unclean {
            self.target_isr = vec![elected.leader];
            self.target_elr.clear();
            self.target_recovery = LeaderRecoveryState::Recovering;
        }
        if elected.leader != self.partition.leader {
            record.leader = elected.leader;
        }
    }

    fn find_leader(&self) -> Elected {
        let clean = |leader| Elected { leader, unclean: false };
        let preferred = self.target_replicas.first().copied().unwrap_or(NO_LEADER);
        if self.election == Election::Preferred && self.is_valid(preferred) {
            return clean(preferred);
        }
        if self.partition.has_leader() && self.is_valid(self.partition.leader) {
            return clean(self.partition.leader);
        }
        if let Some(leader) = self.target_replicas.iter().find(|broker| self.is_valid(**broker)) {
            return clean(*leader);
        }
        if let Some(leader) = self.last_known_leader() {
            return Elected { leader, unclean: true };
        }
        let any = self.target_replicas.iter().find(|broker| (self.acceptable)(**broker));
        match (self.election, any) {
            (Election::Unclean, Some(leader)) => Elected { leader: *leader, unclean: true },
            _ => clean(NO_LEADER),
        }
    }

    fn is_valid(&self, broker: i32) -> bool {
        let holds_everything = is_seeded(Bug::ElectAnybody)
            || self.target_isr.contains(&broker)
            || (self.target_isr.is_empty() && self.target_elr.contains(&broker));
        holds_everything && self.target_replicas.contains(&broker) && (self.acceptable)(broker)
    }

    /// With nobody left that holds everything for certain, the last leader is the best guess.
    fn last_known_leader(&self) -> Option<i32> {
        if !self.rules.elr_enabled || !self.target_isr.is_empty() || !self.target_elr.is_empty() {
            return None;
        }
        match self.partition.last_known_elr[..] {
            [leader] if self.target_replicas.contains(&leader) && (self.acceptable)(leader) => {
                Some(leader)
            }
            _ => None,
        }
    }

    /// A replica that goes must not be taken for a follower of the same epoch; before 3.6-IV0 the
    /// same held for one that left the ISR.
    fn bump_leader_epoch(&self, record: &mut PartitionChangeRecord) {
        if record.leader != NO_LEADER_CHANGE || !self.partition.has_leader() {
            return;
        }
        let gone = |old: &[i32], new: &[i32]| old.iter().any(|broker| !new.contains(broker));
        let dropped = gone(&self.partition.replicas, &self.target_replicas);
        let shrunk = self.rules.version.bumps_leader_epoch_on_isr_shrink()
            && gone(&self.partition.isr, &self.target_isr);
        if dropped || shrunk {
            record.leader = self.partition.leader;
        }
    }

    fn write(&self, record: &mut PartitionChangeRecord) {
        let partition = self.partition;
        let changed = |old: &Vec<i32>, new: &Vec<i32>| (old != new).then(|| new.clone());
        record.eligible_leader_replicas = changed(&partition.elr, &self.target_elr);
        // Without ELR the last member never leaves: it is the only one that may lead again.
        if self.rules.elr_enabled || !self.target_isr.is_empty() {
            record.isr = changed(&partition.isr, &self.target_isr);
        }
        record.replicas = changed(&partition.replicas, &self.target_replicas);
        record.removing_replicas = changed(&partition.removing_replicas, &self.target_removing);
        record.adding_replicas = changed(&partition.adding_replicas, &self.target_adding);
        if self.target_recovery != partition.leader_recovery_state {
            record.leader_recovery_state = self.target_recovery.value();
        }
        record.last_known_elr = self.last_known(record.leader);
        let moved = record.replicas.is_some() || partition.directories != self.target_directories;
        if moved && self.rules.version.supports_directory_assignment() {
            record.directories = Some(self.target_directories.clone());
        }
    }

    fn last_known(&self, leader: i32) -> Option<Vec<i32>> {
        let known = &self.partition.last_known_elr;
        if !self.rules.elr_enabled {
            return (!known.is_empty()).then(Vec::new);
        }
        let leaderless = match leader {
            NO_LEADER_CHANGE => !self.partition.has_leader(),
            leader => leader == NO_LEADER,
        };
        if !leaderless {
            return (!known.is_empty()).then(Vec::new);
        }
        (self.partition.has_leader()).then(|| vec![self.partition.leader])
    }
}
