//! Rolls of whole clusters, simulated: nodes crash, replicas fall behind, the brokers do not always
//! answer, and a newer spec comes in the middle. Whatever happens, no step may take away what
//! clients can have, and in the end every node runs the spec.

use std::collections::BTreeMap;

use super::super::super::live::Live;
use super::super::{Next, Node, NodePod, Phase, next};
use crate::kafka::{Broker, Partition, Quorum};

/// Clusters that are simulated.
const SEEDS: u64 = 300;
/// Steps with troubles; afterwards, everything works.
const TROUBLES: u32 = 400;
/// Steps that a roll may take when everything works, for each node.
const PATIENCE: u32 = 200;

/// A sequence that looks random (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }
}

/// A node of the model.
#[derive(Clone, Debug)]
struct Machine {
    id: i32,
    broker: bool,
    controller: bool,
    /// Steps until it serves; 0 when it does.
    away: u64,
    /// Whether its pod is being deleted, of those steps the first.
    stopping: bool,
    outdated: bool,
    /// Whether it has the newest metadata.
    current: bool,
}

impl Machine {
    fn serves(&self) -> bool {
        self.away == 0
    }
}

struct World {
    dice: Dice,
    machines: Vec<Machine>,
    partitions: Vec<Partition>,
    min_isr: BTreeMap<String, usize>,
    active: Option<i32>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let controllers = [1, 3, 3, 5][usize::try_from(dice.below(4)).unwrap()];
        let combined = dice.one_in(2);
        let more = i32::try_from(dice.below(4)).unwrap();
        let machine = |id, broker, controller| Machine {
            id,
            broker,
            controller,
            away: 0,
            stopping: false,
            outdated: true,
            current: true,
        };
        let first = (0..controllers).map(|id| machine(id, combined, true));
        let least = i32::from(!combined);
        let brokers = (100..100 + more + least).map(|id| machine(id, true, false));
        let machines: Vec<Machine> = first.chain(brokers).collect();
        let mut world = Self {
            dice,
            machines,
            partitions: Vec::new(),
            min_isr: BTreeMap::new(),
            active: Some(0),
        };
        for index in 0..1 + world.dice.below(10) {
            world.add_partition(index);
        }
        world
    }

    fn add_partition(&mut self, index: u64) {
        let mut brokers: Vec<i32> =
            self.machines.iter().filter(|m| m.broker).map(|m| m.id).collect();
        let most = u64::try_from(brokers.len().min(3)).unwrap();
        let mut replicas = Vec::new();
        for _ in 0..1 + self.dice.below(most) {
            let at = self.dice.below(u64::try_from(brokers.len()).unwrap());
            replicas.push(brokers.remove(usize::try_from(at).unwrap()));
        }
        let topic = format!("t{index}");
        let min = 1 + self.dice.below(u64::try_from(replicas.len()).unwrap());
        self.min_isr.insert(topic.clone(), usize::try_from(min).unwrap());
        let (leader, isr) = (replicas.first().copied(), replicas.clone());
        self.partitions.push(Partition { topic, index: 0, leader, replicas, isr });
    }

    fn machine(&self, id: i32) -> &Machine {
        self.machines.iter().find(|machine| machine.id == id).unwrap()
    }

    fn serves(&self, id: i32) -> bool {
        self.machine(id).serves()
    }

    /// The nodes as Kubernetes shows them.
    fn nodes(&self) -> Vec<Node> {
        let node = |machine: &Machine| {
            let phase = match machine {
                Machine { away: 0, .. } => Phase::Ready,
                Machine { stopping: true, .. } => Phase::Stopping,
                _ => Phase::Starting,
            };
            let pod = NodePod {
                name: machine.id.to_string(),
                uid: String::new(),
                phase,
                outdated: machine.outdated.then_some("its image changed"),
            };
            let (id, broker, controller) = (machine.id, machine.broker, machine.controller);
            Node { id, broker, controller, pod: Some(pod) }
        };
        self.machines.iter().map(node).collect()
    }

    /// What the brokers say, if any answers.
    fn live(&mut self, calm: bool) -> Option<Live> {
        if !self.machines.iter().any(|m| m.broker && m.serves()) || !calm && self.dice.one_in(15) {
            return None;
        }
        let current = |m: &Machine| (m.id, m.serves() && m.current);
        let known = self.active.is_some();
        let voters = self.machines.iter().filter(|m| known && m.controller).map(current);
        let observers = self.machines.iter().filter(|m| known && !m.controller).map(current);
        let broker = |m: &Machine| (m.id, Broker { rack: None, fenced: !m.serves() });
        Some(Live {
            brokers: self.machines.iter().filter(|m| m.broker).map(broker).collect(),
            partitions: self.partitions.clone(),
            min_isr: self.min_isr.clone(),
            defaults: BTreeMap::new(),
            quorum: Quorum {
                leader: self.active,
                voters: voters.collect(),
                directories: BTreeMap::new(),
                observers: observers.collect(),
            },
        })
    }

    fn takes_down(&mut self, id: i32, stopping: bool) {
        let away = 2 + self.dice.below(12);
        let machine = self.machines.iter_mut().find(|machine| machine.id == id).unwrap();
        (machine.away, machine.stopping, machine.current) = (away, stopping, false);
        for partition in self.partitions.iter_mut().filter(|p| p.isr.len() > 1) {
            partition.isr.retain(|replica| *replica != id);
        }
        if self.active == Some(id) {
            self.active = None;
        }
        self.elect();
    }

    fn elect(&mut self) {
        let machines = &self.machines;
        let serves = |id: &i32| machines.iter().any(|m| m.id == *id && m.serves());
        for partition in &mut self.partitions {
            if !partition.leader.is_some_and(|leader| serves(&leader)) {
                partition.leader = partition.isr.iter().copied().find(serves);
            }
        }
    }

    /// Time passes.
    fn tick(&mut self, calm: bool) {
        for at in 0..self.machines.len() {
            let machine = &mut self.machines[at];
            if machine.away > 0 {
                machine.away -= 1;
                // The pod that comes is made from the newest spec.
                machine.outdated &= !machine.stopping || machine.away > 1;
                machine.stopping &= machine.away > 1;
            } else if !machine.current {
                machine.current = self.dice.one_in(3);
            }
        }
        for at in 0..self.partitions.len() {
            let partition = &self.partitions[at];
            let missing = partition.replicas.iter().copied().find(|id| {
                !partition.isr.contains(id) && self.serves(*id) && partition.leader.is_some()
            });
            if let Some(id) = missing.filter(|_| self.dice.one_in(4)) {
                self.partitions[at].isr.push(id);
            }
        }
        let controllers = self.machines.iter().filter(|m| m.controller);
        let (all, up): (Vec<i32>, Vec<i32>) = (
            controllers.clone().map(|m| m.id).collect(),
            controllers.filter(|m| m.serves()).map(|m| m.id).collect(),
        );
        if up.len() * 2 <= all.len() {
            self.active = None;
        } else if self.active.is_none() {
            let at = usize::try_from(self.dice.below(up.len() as u64)).unwrap();
            self.active = Some(up[at]);
        }
        self.elect();
        if calm {
            return;
        }
        if self.dice.one_in(40) {
            let at = usize::try_from(self.dice.below(self.machines.len() as u64)).unwrap();
            if self.machines[at].serves() {
                self.takes_down(self.machines[at].id, false);
            }
        }
        if self.dice.one_in(120) {
            // A newer spec.
            self.machines.iter_mut().for_each(|machine| machine.outdated = true);
        }
    }

    /// Whether a node may be restarted, as somebody sees it who knows everything.
    fn check(&self, id: i32) {
        let node = self.machine(id);
        assert!(node.outdated, "{id} runs the spec");
        assert!(!self.machines.iter().any(|m| m.stopping), "two at a time");
        if !node.serves() {
            return;
        }
        let others = || self.machines.iter().filter(|machine| machine.id != id);
        assert!(others().all(Machine::serves), "{id} goes while another is away");
        let mut behind = !node.current;
        for partition in self.partitions.iter().filter(|p| p.replicas.contains(&id)) {
            let rest = partition.isr.iter().filter(|replica| **replica != id).count();
            let min = self.min_isr[&partition.topic];
            let spare = partition.replicas.len() > min;
            assert!(rest >= min || !spare, "{id} goes, {partition:?} has {rest} of {min}");
            assert!(rest + 1 == partition.replicas.len(), "{partition:?} is not whole");
            behind |= !partition.isr.contains(&id);
        }
        if node.controller {
            let voters = self.machines.iter().filter(|m| m.controller).count();
            let rest = others().filter(|m| m.controller && m.current).count();
            assert!(voters == 1 || rest * 2 > voters, "{id} goes with the majority");
        }
        // Who lacks something goes first, since everybody waits for it.
        if !behind {
            let later = others().filter(|m| m.outdated);
            let wrong = later.clone().any(|m| node.controller && !m.controller);
            assert!(!wrong, "controller {id} goes before a broker");
            let last = later.clone().any(|m| self.active == Some(id) && m.controller);
            assert!(!last, "the active controller {id} goes before another");
        }
    }

    /// One pass of the operator. Says whether there is nothing left to do.
    fn pass(&mut self, rolling: &mut bool, calm: bool) -> bool {
        let (nodes, live) = (self.nodes(), self.live(calm));
        let step = next(&nodes, live.as_ref(), *rolling);
        *rolling = step != Next::Done;
        match step {
            Next::Done => return true,
            Next::Restart { pod, .. } => {
                let id = pod.parse().unwrap();
                self.check(id);
                self.takes_down(id, true);
            }
            Next::Elect(partitions) => {
                for (topic, _) in partitions {
                    let found = self.partitions.iter_mut().find(|p| p.topic == topic).unwrap();
                    found.leader = found.replicas.first().copied();
                }
            }
            Next::Leave(_) | Next::Wait(_) | Next::Pause(_) => {}
        }
        false
    }
}

#[test]
fn no_step_of_a_roll_takes_away_what_clients_can_have_and_every_roll_ends() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        let mut rolling = false;
        for _ in 0..TROUBLES {
            world.tick(false);
            world.pass(&mut rolling, false);
        }
        let mut left = PATIENCE * u32::try_from(world.machines.len()).unwrap();
        loop {
            world.tick(true);
            if world.pass(&mut rolling, true) {
                break;
            }
            left -= 1;
            assert!(left > 0, "seed {seed}: {:?}", world.machines);
        }
        assert!(!world.machines.iter().any(|m| m.outdated), "seed {seed}: {:?}", world.machines);
    }
}
