//! What a seed decides: the cluster, its topics, its clients and its faults.

use barnabas_broker::FirstVoters;
use barnabas_quorum::{Endpoint, NodeId, ReplicaKey, Voter, VoterSet};
use barnabas_wire::Uuid;
use serde::Serialize;

use crate::client::TopicPlan;
use crate::history::{Guarantee, Promise};
use crate::host::{CLIENT_PORT, CONTROLLER_PORT, address_of};
use crate::random::Random;

/// Bounds of what seeds choose from.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Nodes, if not the seed's choice.
    pub nodes: Option<i32>,
    /// How long faults are injected, simulated seconds.
    pub seconds: u64,
}

impl Default for Scale {
    fn default() -> Self {
        Self { nodes: None, seconds: 20 }
    }
}

/// Faults that may happen.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Faults {
    /// Processes are killed.
    pub kill: bool,
    /// Processes are stopped and started.
    pub restart: bool,
    /// Machines lose their power, and what was not synced.
    pub power: bool,
    /// All machines lose their power at once.
    pub blackout: bool,
    /// Links are cut, in one direction or both.
    pub partition: bool,
    /// Links are slow.
    pub delay: bool,
    /// Connections break.
    pub reset: bool,
    /// Processes stand still.
    pub pause: bool,
    /// Disks are slow.
    pub slow_disk: bool,
    /// Disks refuse to read, write or sync.
    pub disk_error: bool,
    /// Disks are full.
    pub disk_full: bool,
    /// Clocks on the wall jump.
    pub clock: bool,
}

/// A node.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// `node.id`.
    pub id: i32,
    /// Whether it is a broker.
    pub broker: bool,
    /// Whether it is a controller.
    pub controller: bool,
}

/// One simulation.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Where it comes from.
    pub seed: u64,
    /// The nodes.
    pub members: Vec<Member>,
    /// Whether the voters are in the log, and not in the settings.
    pub dynamic: bool,
    /// Topics.
    pub topics: Vec<TopicPlan>,
    /// A producer's guarantee, per producer and partition.
    pub producers: Vec<Guarantee>,
    /// Number of groups without members.
    pub groups: usize,
    /// Members of a group that shares a topic.
    pub members_of_group: usize,
    /// Mean pause of a client, ms.
    pub pause_ms: u64,
    /// Faults.
    pub faults: Faults,
    /// What the cluster promises under them.
    pub promise: Promise,
    /// How long faults are injected, simulated seconds.
    pub seconds: u64,
    /// Settings of all nodes.
    pub settings: Vec<(String, String)>,
}

impl Scenario {
    /// The scenario of a seed.
    #[must_use]
    pub fn new(seed: u64, scale: Scale) -> Self {
        let random = Random::new(seed ^ 0x5ce0_a410);
        let nodes = scale.nodes.unwrap_or_else(|| random.pick(&[1, 3, 3, 3, 3, 3, 4, 5]));
        let members = members(&random, nodes);
        let faults = faults(&random, nodes);
        let synced = !(faults.power || faults.blackout) || random.chance(0.8);
        let replication = if nodes == 1 { 1 } else { nodes.min(3) };
        let min_isr = if replication == 3 { 2 } else { 1 };
        // What is below the high watermark is on min_isr disks; synced if power may go.
        let promise = Promise { durable: synced };
        let topics = topics(&random, nodes, min_isr);
        let producers = (0..random.within(1..4)).map(|_| guarantee(&random)).collect();
        let dynamic = random.chance(0.5);
        let groups = usize::try_from(random.within(1..3)).unwrap_or(1);
        // What came later is drawn apart: a seed stays what it was.
        let later = Random::new(seed ^ 0x1a7e_2000);
        Self {
            seed,
            members,
            dynamic,
            topics,
            producers,
            groups,
            members_of_group: later.pick(&[0, 0, 2, 3]),
            pause_ms: random.pick(&[20, 100, 300]),
            settings: settings(&random, replication, min_isr, synced),
            faults,
            promise,
            seconds: scale.seconds,
        }
    }

    /// Who votes at the beginning.
    #[must_use]
    pub fn first_voters(&self) -> FirstVoters {
        if !self.dynamic {
            return FirstVoters::Known;
        }
        let voter = |member: &Member| {
            let endpoint = Endpoint {
                listener: "CONTROLLER".to_owned(),
                host: address_of(member.id).to_string(),
                port: CONTROLLER_PORT,
            };
            let mut directory = [0; 16];
            directory[8..12].copy_from_slice(&member.id.to_be_bytes());
            directory[0] = 0x77;
            Voter {
                key: ReplicaKey::new(NodeId(member.id), Uuid(directory)),
                endpoints: vec![endpoint],
                kraft_version_min: 0,
                kraft_version_max: 1,
            }
        };
        FirstVoters::Initial(VoterSet::new(self.controllers().map(voter)))
    }

    fn controllers(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.controller)
    }

    /// Settings of one node.
    #[must_use]
    pub fn settings_of(&self, member: Member) -> Vec<(String, String)> {
        let Member { id, broker, controller } = member;
        let address = address_of(id);
        let (mut roles, mut listeners) = (Vec::new(), Vec::new());
        if broker {
            roles.push("broker");
            listeners.push(format!("PLAINTEXT://{address}:{CLIENT_PORT}"));
        }
        if controller {
            roles.push("controller");
            listeners.push(format!("CONTROLLER://{address}:{CONTROLLER_PORT}"));
        }
        let voter = |member: &Member| format!("{}:{CONTROLLER_PORT}", address_of(member.id));
        let (name, voters): (_, Vec<String>) = if self.dynamic {
            ("controller.quorum.bootstrap.servers", self.controllers().map(voter).collect())
        } else {
            let named = |member: &Member| format!("{}@{}", member.id, voter(member));
            ("controller.quorum.voters", self.controllers().map(named).collect())
        };
        let own = [
            ("process.roles", roles.join(",")),
            ("node.id", id.to_string()),
            ("listeners", listeners.join(",")),
            ("controller.listener.names", "CONTROLLER".to_owned()),
            (name, voters.join(",")),
            ("log.dirs", "/data".to_owned()),
        ];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        own.chain(self.settings.iter().cloned()).collect()
    }
}

/// Nodes with both roles, or as many brokers and some controllers.
fn members(random: &Random, nodes: i32) -> Vec<Member> {
    let separate = nodes > 1 && random.chance(0.3);
    let both = |id| Member { id, broker: true, controller: !separate && id <= 3 };
    let mut members: Vec<Member> = (1..=nodes).map(both).collect();
    if separate {
        let controller = |id| Member { id: nodes + id, broker: false, controller: true };
        members.extend((1..=random.pick(&[1, 3])).map(controller));
    }
    members
}

fn faults(random: &Random, nodes: i32) -> Faults {
    let maybe = || random.chance(0.5);
    Faults {
        kill: maybe(),
        restart: maybe(),
        power: maybe(),
        blackout: nodes > 1 && random.chance(0.3),
        partition: maybe(),
        delay: maybe(),
        reset: maybe(),
        pause: maybe(),
        slow_disk: maybe(),
        disk_error: random.chance(0.25),
        disk_full: random.chance(0.25),
        clock: maybe(),
    }
}

fn guarantee(random: &Random) -> Guarantee {
    let idempotent = random.chance(0.7);
    let acks = if random.chance(0.8) || idempotent { -1 } else { 1 };
    Guarantee { acks, idempotent }
}

fn topics(random: &Random, nodes: i32, min_isr: i32) -> Vec<TopicPlan> {
    let count = random.within(1..3);
    let topic = |index: u64| TopicPlan {
        name: format!("topic{index}"),
        partitions: i32::try_from(random.within(1..4)).unwrap_or(1),
        replication: i16::try_from(nodes.min(3)).unwrap_or(1),
        configs: vec![("min.insync.replicas".to_owned(), min_isr.to_string())],
    };
    (0..count).map(topic).collect()
}

fn settings(
    random: &Random,
    replication: i32,
    min_isr: i32,
    synced: bool,
) -> Vec<(String, String)> {
    let mut settings = vec![
        ("offsets.topic.num.partitions", "2".to_owned()),
        ("offsets.topic.replication.factor", replication.to_string()),
        ("min.insync.replicas", min_isr.to_string()),
        ("group.initial.rebalance.delay.ms", "0".to_owned()),
        ("num.recovery.threads.per.data.dir", "1".to_owned()),
    ];
    if synced {
        settings.push(("log.flush.interval.messages", "1".to_owned()));
    }
    if random.chance(0.5) {
        settings.push(("log.roll.ms", random.within(500..10_000).to_string()));
    }
    if random.chance(0.3) {
        let bytes = random.within(2_000..50_000);
        settings.push(("metadata.log.max.record.bytes.between.snapshots", bytes.to_string()));
    }
    settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
