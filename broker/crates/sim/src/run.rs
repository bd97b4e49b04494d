//! One simulation, from a seed to a verdict.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Arc, Once};
use std::time::Duration;

use serde::Serialize;
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::client::{
    Committer, Consumer, Member, Owners, Producer, Router, create_topics, read_all,
};
use crate::cluster::Cluster;
use crate::history::{Counts, History, Kind, Partition, Violation};
use crate::host::World;
use crate::nemesis::Nemesis;
use crate::network::SimNetwork;
use crate::observer::Observer;
use crate::random::Random;
use crate::scenario::Scenario;
use crate::trace::Trace;

/// Machines of clients.
const CLIENTS: u8 = 4;
/// How long the cluster gets to work again after all faults ended.
const RECOVERY: Duration = Duration::from_secs(90);
/// How often the nodes are looked into.
const LOOK: Duration = Duration::from_millis(100);
/// How long clients get to finish what they began: longer than a producer's delivery timeout.
const FINISH: Duration = Duration::from_secs(150);
/// Longer than everything that is waited for together.
const FOREVER: Duration = Duration::from_secs(86_400);
/// How long a clean stop may take.
const STOP: Duration = Duration::from_secs(60);

/// How a simulation ended.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// Hash of everything that happened.
    pub trace: u64,
    /// Number of events.
    pub events: u64,
    /// Simulated time, ms.
    pub simulated_ms: u64,
    /// What clients did.
    pub counts: Counts,
    /// What is wrong.
    pub violations: Vec<Violation>,
}

impl Outcome {
    fn of(seed: u64) -> Self {
        let counts = Counts::default();
        Self { seed, trace: 0, events: 0, simulated_ms: 0, counts, violations: Vec::new() }
    }
}

thread_local! {
    static SIMULATING: Cell<bool> = const { Cell::new(false) };
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Addresses of the clients' machines.
#[must_use]
pub fn client_addresses() -> Vec<IpAddr> {
    (1..=CLIENTS).map(|host| IpAddr::from([10, 0, 1, host])).collect()
}

/// Runs the simulation of a seed.
///
/// # Panics
/// If the settings of the scenario are refused, or there is no runtime to be had.
#[must_use]
#[expect(clippy::expect_used, reason = "nothing can be simulated then")]
pub fn simulate(scenario: &Scenario, print: bool) -> Outcome {
    record_panics();
    PANICS.with_borrow_mut(Vec::clear);
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    // Which of many waiters of one value runs first is tokio's choice.
    #[cfg(tokio_unstable)]
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(&scenario.seed.to_le_bytes()));
    let runtime = builder.build().expect("a runtime");
    let run = AssertUnwindSafe(|| runtime.block_on(Box::pin(run(scenario, print))));
    SIMULATING.set(true);
    let outcome = catch_unwind(run);
    drop(runtime);
    SIMULATING.set(false);
    let panics = PANICS.with_borrow_mut(std::mem::take);
    let mut outcome = outcome.unwrap_or_else(|_| Outcome::of(scenario.seed));
    let panics = panics.into_iter().map(|text| Violation { kind: Kind::Panic, text });
    outcome.violations.extend(panics);
    outcome
}

/// A task that panics ends alone and in silence; here it is a finding.
fn record_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if SIMULATING.get() {
                PANICS.with_borrow_mut(|panics| panics.push(info.to_string()));
            } else {
                before(info);
            }
        }));
    });
}

#[expect(clippy::expect_used, reason = "scenarios are ours")]
async fn run(scenario: &Scenario, print: bool) -> Outcome {
    let start = Instant::now();
    let trace = Trace::new(print);
    let random = Random::new(scenario.seed);
    trace.event(|| format!("{scenario:?}"));
    let network = SimNetwork::new(random.fork(), trace.clone());
    let world = World { network, trace: trace.clone(), random, start };
    let history = Arc::new(History::new(trace.clone(), scenario.promise));
    let mut cluster = Cluster::new(&world, scenario).expect("settings that are valid");
    cluster.start();
    let run = Run { scenario, world: &world, history: &history };
    let mut observer = Observer::default();
    if run.prepare(&mut cluster).await {
        run.disturb(&mut cluster, &mut observer).await;
    }
    cluster.stop(STOP).await;
    run.bury(&cluster).await;
    let (hash, events) = trace.digest();
    Outcome {
        seed: scenario.seed,
        trace: hash,
        events,
        simulated_ms: start.elapsed().as_millis() as u64,
        counts: history.counts(),
        violations: history.violations(),
    }
}

/// Everybody who talks to the cluster.
#[derive(Default)]
struct Clients {
    workers: JoinSet<()>,
    committers: JoinSet<Committer>,
}

struct Run<'a> {
    scenario: &'a Scenario,
    world: &'a World,
    history: &'a Arc<History>,
}

impl Run<'_> {
    /// Waits for the cluster and creates the topics.
    async fn prepare(&self, cluster: &mut Cluster) -> bool {
        let mut router = self.router(cluster);
        let created = create_topics(&mut router, &self.scenario.topics);
        if timeout(RECOVERY, created).await.is_err() {
            self.history.unavailable("creating topics");
            return false;
        }
        true
    }

    /// Clients work while faults happen, then everything is checked.
    async fn disturb(&self, cluster: &mut Cluster, observer: &mut Observer) {
        let (stop, stopped) = watch::channel(false);
        let clients = self.clients(cluster, &stopped);
        let mut nemesis = Nemesis::new(self.world.random.fork(), self.scenario.faults);
        let faults = Duration::from_secs(self.scenario.seconds);
        self.watch(cluster, &mut nemesis, observer, Instant::now() + faults).await;
        nemesis.heal(cluster).await;
        let _ = stop.send(true);
        let router = self.router(cluster);
        let forever = Instant::now() + FOREVER;
        tokio::select! {
            biased;
            () = Box::pin(self.finish(router, clients)) => {}
            () = Box::pin(self.watch(cluster, &mut nemesis, observer, forever)) => {}
        }
        observer.look(cluster, self.history);
        observer.compare(cluster, self.history);
    }

    fn clients(&self, cluster: &Cluster, stop: &watch::Receiver<bool>) -> Clients {
        let mut clients = Clients::default();
        let partitions = self.partitions();
        let mut number = 0;
        for partition in &partitions {
            for guarantee in &self.scenario.producers {
                number += 1;
                let producer = Producer {
                    router: self.router(cluster),
                    history: Arc::clone(self.history),
                    number,
                    partition: partition.clone(),
                    guarantee: *guarantee,
                    pause_ms: self.scenario.pause_ms,
                    stop: stop.clone(),
                };
                clients.workers.spawn(producer.run());
            }
            let consumer = Consumer {
                router: self.router(cluster),
                history: Arc::clone(self.history),
                partition: partition.clone(),
                stop: stop.clone(),
            };
            clients.workers.spawn(consumer.run());
        }
        for group in 0..self.scenario.groups {
            let committer = Committer {
                router: self.router(cluster),
                history: Arc::clone(self.history),
                group: format!("group{group}"),
                partition: partitions[0].clone(),
                pause_ms: self.scenario.pause_ms,
                stop: stop.clone(),
            };
            clients.committers.spawn(committer.run());
        }
        self.members(cluster, &mut clients, stop);
        clients
    }

    fn members(&self, cluster: &Cluster, clients: &mut Clients, stop: &watch::Receiver<bool>) {
        let mut partitions = self.partitions();
        partitions.retain(|partition| *partition.topic == *self.scenario.topics[0].name);
        let owners = Owners::default();
        for _ in 0..self.scenario.members_of_group {
            let member = Member {
                router: self.router(cluster),
                history: Arc::clone(self.history),
                group: "shared".to_owned(),
                partitions: partitions.clone(),
                owners: Arc::clone(&owners),
                pause_ms: self.scenario.pause_ms,
                stop: stop.clone(),
                id: String::new(),
            };
            clients.workers.spawn(member.run());
        }
    }

    /// Lets the nemesis do its work, and looks into the nodes.
    async fn watch(
        &self,
        cluster: &mut Cluster,
        nemesis: &mut Nemesis,
        observer: &mut Observer,
        until: Instant,
    ) {
        while Instant::now() < until {
            let next = until.min(Instant::now() + LOOK);
            nemesis.run(cluster, next).await;
            observer.look(cluster, self.history);
        }
    }

    /// Waits for the clients, and reads everything once more.
    async fn finish(&self, mut router: Router, mut clients: Clients) {
        let workers = &mut clients.workers;
        let finished = async { while workers.join_next().await.is_some() {} };
        if timeout(FINISH, finished).await.is_err() {
            self.history.unavailable("producing");
        }
        workers.abort_all();
        for partition in &self.partitions() {
            match read_all(&mut router, partition, self.history, RECOVERY).await {
                Ok(reads) => self.history.read_finally(partition, &reads),
                Err(code) => {
                    self.history.unavailable(&format!("reading {partition} ({code:?})"));
                }
            }
        }
        while let Some(Ok(committer)) = clients.committers.join_next().await {
            committer.check_finally(RECOVERY).await;
        }
    }

    /// Nothing may be left of nodes that have stopped.
    async fn bury(&self, cluster: &Cluster) {
        debug_assert!(cluster.hosts.iter().all(|host| !host.is_running()));
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let left = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        if left > 0 {
            let text = format!("{left} tasks run on after all nodes have stopped");
            self.history.violation(Kind::Survivor, text);
        }
    }

    fn partitions(&self) -> Vec<Partition> {
        let of = |topic: &crate::client::TopicPlan| {
            let name = topic.name.clone();
            (0..topic.partitions).map(move |number| Partition::new(&name, number))
        };
        self.scenario.topics.iter().flat_map(of).collect()
    }

    fn router(&self, cluster: &Cluster) -> Router {
        let random = self.world.random.fork();
        let address = random.pick(&client_addresses());
        Router::new(self.world.network.host(address), random, cluster.bootstrap())
    }
}
