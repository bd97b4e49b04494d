//! Whatever happens to brokers and partitions, in whatever order, some things always hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use barnabas_metadata::image::{
    Delta, Image, LeaderRecoveryState, NO_LEADER, PartitionImage, Provenance,
};
use barnabas_metadata::record::MetadataRecord;
use barnabas_wire::Uuid;
use barnabas_wire::api::alter_partition::{
    AlterPartitionRequest, BrokerState, RequestPartitionData, RequestTopicData,
};
use barnabas_wire::api::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use barnabas_wire::api::assign_replicas_to_dirs::{
    AssignReplicasToDirsRequest, RequestDirectoryData, RequestPartitionData as DirPartition,
    RequestTopicData as DirTopic,
};
use barnabas_wire::api::elect_leaders::ElectLeadersRequest;
use barnabas_wire::api::unregister_broker::UnregisterBrokerRequest;
use barnabas_wire::api::update_features::{FeatureUpdateKey, UpdateFeaturesRequest};
use proptest::prelude::*;

use super::{Cluster, heartbeat, registration, topic};
use crate::{Controller, Request};

const BROKERS: i32 = 5;
const TOPICS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Step {
    Heartbeat { broker: i32, stop: bool, fence: bool, behind: bool },
    Register { broker: i32, clean: bool },
    Unreachable(i32),
    Wait(u64),
    AlterIsr { topic: usize, members: u8 },
    Reassign { topic: usize, replicas: Vec<i32> },
    Cancel(usize),
    Elect { unclean: bool },
    MinIsr { topic: usize, value: u8 },
    Unclean { topic: usize, on: bool },
    Unregister(i32),
    FailDirectory { broker: i32, second: bool },
    Assign { broker: i32, topic: usize, second: bool },
    Elr(bool),
    FailOver,
}

fn steps() -> impl Strategy<Value = Step> {
    let broker = 0..BROKERS;
    let of_topic = 0..TOPICS.len();
    let replicas =
        proptest::sample::subsequence((0..BROKERS).collect::<Vec<_>>(), 1..=4).prop_shuffle();
    prop_oneof![
        8 => (broker.clone(), any::<[bool; 4]>()).prop_map(|(broker, [a, b, c, d])| {
            Step::Heartbeat { broker, stop: a && b && c, fence: b && c && d, behind: a && d && !c }
        }),
        6 => (broker.clone(), any::<bool>())
            .prop_map(|(broker, clean)| Step::Register { broker, clean }),
        3 => broker.clone().prop_map(Step::Unreachable),
        3 => prop_oneof![Just(20_u64), Just(3_000), Just(10_000), Just(300_000)]
            .prop_map(Step::Wait),
        10 => (of_topic.clone(), any::<u8>())
            .prop_map(|(topic, members)| Step::AlterIsr { topic, members }),
        4 => (of_topic.clone(), replicas)
            .prop_map(|(topic, replicas)| Step::Reassign { topic, replicas }),
        2 => of_topic.clone().prop_map(Step::Cancel),
        1 => any::<bool>().prop_map(|unclean| Step::Elect { unclean }),
        2 => (of_topic.clone(), 1_u8..4)
            .prop_map(|(topic, value)| Step::MinIsr { topic, value }),
        1 => (of_topic.clone(), any::<bool>())
            .prop_map(|(topic, on)| Step::Unclean { topic, on }),
        1 => broker.clone().prop_map(Step::Unregister),
        1 => (broker.clone(), any::<bool>())
            .prop_map(|(broker, second)| Step::FailDirectory { broker, second }),
        2 => (broker, of_topic, any::<bool>())
            .prop_map(|(broker, topic, second)| Step::Assign { broker, topic, second }),
        1 => any::<bool>().prop_map(Step::Elr),
        2 => Just(Step::FailOver),
    ]
}

fn dirs(broker: i32) -> [Uuid; 2] {
    [Uuid([100 + broker as u8; 16]), Uuid([200 + broker as u8; 16])]
}

/// A cluster, what everybody else makes of its records, and who crashed.
struct World {
    cluster: Cluster,
    /// As replayed from the records only.
    follower: Image,
    incarnations: BTreeMap<i32, u8>,
}

impl World {
    fn new() -> Self {
        let cluster = Cluster::new(0);
        let follower = cluster.controller.state().clone();
        let mut world = Self { cluster, follower, incarnations: BTreeMap::new() };
        for broker in 0..BROKERS {
            world.register(broker, true);
            let epoch = world.cluster.broker(broker).epoch;
            world.ask(&Request::BrokerHeartbeat(heartbeat(broker, epoch)));
        }
        for name in TOPICS {
            let topics = vec![topic(name, 2, 3)];
            let request = barnabas_wire::api::CreateTopicsRequest {
                topics,
                ..barnabas_wire::api::CreateTopicsRequest::default()
            };
            world.ask(&Request::CreateTopics(request));
        }
        world
    }

    fn ask(&mut self, request: &Request) {
        self.cluster.ask(request);
        self.check(request);
    }

    fn register(&mut self, broker: i32, clean: bool) {
        let incarnation = self.incarnations.entry(broker).or_default();
        *incarnation += 1;
        let mut request = registration(broker, *incarnation);
        request.log_dirs = dirs(broker).to_vec();
        let registered = self.follower.cluster.broker(broker);
        if let (Some(registered), true) = (registered, clean) {
            request.previous_broker_epoch = registered.epoch;
        }
        self.ask(&Request::BrokerRegistration(request));
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Heartbeat { broker, stop, fence, behind } => {
                let Some(epoch) = self.epoch(*broker) else { return };
                let mut request = heartbeat(*broker, epoch);
                request.want_shut_down = *stop;
                request.want_fence = *fence;
                if *behind {
                    request.current_metadata_offset = 0;
                }
                self.ask(&Request::BrokerHeartbeat(request));
            }
            Step::Register { broker, clean } => self.register(*broker, *clean),
            Step::Unreachable(broker_id) => {
                let Some(broker_epoch) = self.epoch(*broker_id) else { return };
                let broker_id = *broker_id;
                self.ask(&Request::BrokerUnreachable { broker_id, broker_epoch });
            }
            Step::Wait(ms) => self.wait(*ms),
            Step::AlterIsr { topic, members } => self.alter_isr(TOPICS[*topic], *members),
            Step::Reassign { topic, replicas } => self.reassign(*topic, Some(replicas.clone())),
            Step::Cancel(topic) => self.reassign(*topic, None),
            Step::Elect { unclean } => {
                let election_type = i8::from(*unclean);
                let request = ElectLeadersRequest {
                    election_type,
                    topic_partitions: None,
                    ..ElectLeadersRequest::default()
                };
                self.ask(&Request::ElectLeaders(request));
            }
            Step::MinIsr { topic, value } => {
                self.configure(TOPICS[*topic], "min.insync.replicas", &value.to_string());
            }
            Step::Unclean { topic, on } => {
                let name = "unclean.leader.election.enable";
                self.configure(TOPICS[*topic], name, &on.to_string());
            }
            Step::Unregister(broker_id) => {
                let request = UnregisterBrokerRequest { broker_id: *broker_id };
                self.ask(&Request::UnregisterBroker(request));
            }
            Step::FailDirectory { broker, second } => {
                let Some(epoch) = self.epoch(*broker) else { return };
                let mut request = heartbeat(*broker, epoch);
                request.offline_log_dirs = vec![dirs(*broker)[usize::from(*second)]];
                self.ask(&Request::BrokerHeartbeat(request));
            }
            Step::Assign { broker, topic, second } => self.assign(*broker, *topic, *second),
            Step::Elr(on) => {
                let update = FeatureUpdateKey {
                    feature: crate::feature::ELR_VERSION.to_owned(),
                    max_version_level: i16::from(*on),
                    allow_downgrade: false,
                    upgrade_type: if *on { 1 } else { 2 },
                };
                let request = UpdateFeaturesRequest {
                    feature_updates: vec![update],
                    ..UpdateFeaturesRequest::default()
                };
                self.ask(&Request::UpdateFeatures(request));
            }
            Step::FailOver => self.fail_over(),
        }
    }

    fn wait(&mut self, ms: u64) {
        self.cluster.now += ms;
        for _ in 0..10 {
            for records in self.cluster.controller.tick(self.cluster.now).unwrap() {
                self.replay(&records, &"tick");
            }
            self.compare(&"tick");
            self.cluster.now += 10;
        }
    }

    /// Another controller takes over with what the records say.
    fn fail_over(&mut self) {
        let config = self.cluster.controller.config.clone();
        let next_offset = self.cluster.controller.next_offset;
        let now = self.cluster.now;
        let state = self.follower.clone();
        let mut controller = Controller::new(config, state, next_offset, now, None);
        let records = controller.activate().unwrap();
        self.cluster.controller = controller;
        self.cluster.records = records;
        self.check(&"activation");
    }

    fn epoch(&self, broker: i32) -> Option<i64> {
        self.follower.cluster.broker(broker).map(|broker| broker.epoch)
    }

    fn configure(&mut self, topic: &str, name: &str, value: &str) {
        self.cluster.configure(2, topic, name, Some(value));
        self.check(&name);
    }

    /// The leader of each partition asks for itself and those of `members` that are replicas.
    fn alter_isr(&mut self, name: &str, members: u8) {
        let topic = self.follower.topics.by_name(name).unwrap().clone();
        for (id, partition) in &topic.partitions {
            let Some(broker_epoch) = self.epoch(partition.leader) else { continue };
            let wanted = partition
                .replicas
                .iter()
                .copied()
                .filter(|member| *member == partition.leader || members & (1 << member) != 0);
            let data = RequestPartitionData {
                partition_index: *id,
                leader_epoch: partition.leader_epoch,
                new_isr_with_epochs: wanted
                    .map(|broker_id| BrokerState {
                        broker_id,
                        broker_epoch: self.epoch(broker_id).unwrap_or(-1),
                    })
                    .collect(),
                partition_epoch: partition.partition_epoch,
                ..RequestPartitionData::default()
            };
            let topics = vec![RequestTopicData { topic_id: topic.id, partitions: vec![data] }];
            let broker_id = partition.leader;
            let request = AlterPartitionRequest { broker_id, broker_epoch, topics };
            self.ask(&Request::AlterPartition(request));
        }
    }

    fn reassign(&mut self, topic: usize, replicas: Option<Vec<i32>>) {
        let partitions = vec![ReassignablePartition { partition_index: 0, replicas }];
        let name = TOPICS[topic].to_owned();
        let topics = vec![ReassignableTopic { name, partitions }];
        let request = AlterPartitionReassignmentsRequest {
            topics,
            ..AlterPartitionReassignmentsRequest::default()
        };
        self.ask(&Request::AlterPartitionReassignments(request));
    }

    fn assign(&mut self, broker_id: i32, topic: usize, second: bool) {
        let Some(broker_epoch) = self.epoch(broker_id) else { return };
        let topic_id = self.follower.topics.by_name(TOPICS[topic]).unwrap().id;
        let partitions = vec![DirPartition { partition_index: 0 }];
        let directory = RequestDirectoryData {
            id: dirs(broker_id)[usize::from(second)],
            topics: vec![DirTopic { topic_id, partitions }],
        };
        let directories = vec![directory];
        self.ask(&Request::AssignReplicasToDirs(AssignReplicasToDirsRequest {
            broker_id,
            broker_epoch,
            directories,
        }));
    }

    /// Checks the answer's records, and what there is with them.
    fn check(&mut self, why: &dyn Debug) {
        let records = std::mem::take(&mut self.cluster.records);
        self.replay(&records, why);
        self.compare(why);
    }

    /// Replays a batch record by record.
    fn replay(&mut self, records: &[MetadataRecord], why: &dyn Debug) {
        let mut touched = BTreeSet::new();
        let mut delta = Delta::new(&self.follower);
        for record in records {
            let old = delta.image().clone();
            delta.replay(record).unwrap();
            if let MetadataRecord::PartitionChange(change) = record {
                let place = (change.topic_id.0, change.partition_id);
                let find = |image: &Image| {
                    let topic = image.topics.by_id(change.topic_id).unwrap().clone();
                    PartitionImage::clone(topic.partition(change.partition_id).unwrap())
                };
                let (old, new) = (find(&old), find(delta.image()));
                check_change(&old, &new);
                assert!(touched.insert(place), "two records for a partition: {why:?}");
            }
        }
        self.follower = delta.finish(Provenance::default()).0;
    }

    fn compare(&self, why: &dyn Debug) {
        assert_eq!(
            self.follower.topics,
            self.cluster.controller.state().topics,
            "the records say something else than the state: {why:?}"
        );
        for topic in self.follower.topics.iter() {
            let min_isr = self.cluster.controller.min_isr(&self.follower, &topic.name);
            for (id, partition) in &topic.partitions {
                self.check_partition(partition, min_isr, &format!("{}-{id}: {why:?}", topic.name));
            }
        }
    }

    fn check_partition(&self, partition: &PartitionImage, min_isr: usize, why: &str) {
        let image = &self.follower;
        let context = format!("{why} {partition:?}");
        let replicas: BTreeSet<_> = partition.replicas.iter().collect();
        assert_eq!(replicas.len(), partition.replicas.len(), "{context}");
        assert_eq!(partition.directories.len(), partition.replicas.len(), "{context}");
        let lists = [
            &partition.isr,
            &partition.elr,
            &partition.adding_replicas,
            &partition.removing_replicas,
        ];
        for list in lists {
            assert!(list.iter().all(|broker| replicas.contains(broker)), "{context}");
        }
        assert!(!partition.isr.iter().any(|broker| partition.elr.contains(broker)), "{context}");
        let elr_on = self.cluster.controller.elr_enabled();
        let settled = partition.isr.len() >= min_isr.min(partition.replicas.len());
        assert!(!elr_on || !settled || partition.elr.is_empty(), "{context}");
        let active = |id: &i32| image.cluster.broker(*id).is_some_and(|broker| broker.is_active());
        if partition.leader == NO_LEADER {
            let holder = |id: &&i32| {
                partition.isr.contains(id)
                    || (elr_on && partition.isr.is_empty() && partition.elr.contains(id))
            };
            let could = partition
                .replicas
                .iter()
                .filter(holder)
                .find(|id| crate::partition::is_acceptable(image, partition, **id));
            assert_eq!(could, None, "could lead, but nobody does: {context}");
        } else {
            assert!(partition.isr.contains(&partition.leader), "{context}");
            assert!(active(&partition.leader), "{context}");
            assert!(partition.isr.iter().all(active), "{context}");
            assert!(partition.last_known_elr.is_empty(), "{context}");
        }
    }
}

/// What one record may do.
fn check_change(old: &PartitionImage, new: &PartitionImage) {
    let context = format!("{old:?}\n{new:?}");
    assert_eq!(new.partition_epoch, old.partition_epoch + 1, "{context}");
    assert!(new.leader_epoch >= old.leader_epoch, "{context}");
    if new.leader != old.leader {
        assert_eq!(new.leader_epoch, old.leader_epoch + 1, "{context}");
    }
    let dropped = old.replicas.iter().any(|broker| !new.replicas.contains(broker));
    if dropped && new.leader != NO_LEADER {
        assert!(new.leader_epoch > old.leader_epoch, "a dropped replica is not fenced: {context}");
    }
    // A move ends with the ISR that the leader reports, whoever of it leads then.
    let completed = old.is_reassigning() && !new.is_reassigning() && old.isr.contains(&old.leader);
    let elected = new.leader != NO_LEADER && new.leader != old.leader && !completed;
    let held_everything = old.isr.contains(&new.leader)
        || (old.elr.contains(&new.leader) && !old.isr.iter().any(|id| new.isr.contains(id)));
    if elected && !held_everything {
        assert_eq!(new.leader_recovery_state, LeaderRecoveryState::Recovering, "{context}");
        assert_eq!(new.isr, [new.leader], "{context}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn decisions_keep_what_must_hold(steps in proptest::collection::vec(steps(), 1..120)) {
        let mut world = World::new();
        for step in &steps {
            world.run(step);
        }
    }
}

#[test]
fn eligible_leaders_of_before_a_downgrade_are_forgotten() {
    let mut world = World::new();
    for step in [
        Step::MinIsr { topic: 1, value: 3 },
        Step::AlterIsr { topic: 1, members: 0 },
        Step::Elr(false),
        Step::MinIsr { topic: 1, value: 1 },
        Step::Elr(true),
    ] {
        world.run(&step);
    }
}

#[test]
fn the_same_requests_make_the_same_records() {
    let run = || {
        let mut world = World::new();
        world.run(&Step::Unreachable(1));
        world.run(&Step::Reassign { topic: 0, replicas: vec![0, 4] });
        world.cluster.ask(&Request::CreateTopics(barnabas_wire::api::CreateTopicsRequest {
            topics: vec![topic("d", 20, 3)],
            ..barnabas_wire::api::CreateTopicsRequest::default()
        }));
        world.cluster.records
    };
    assert_eq!(run(), run());
}
