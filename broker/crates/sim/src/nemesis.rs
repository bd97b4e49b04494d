//! Injects faults, and takes them all back in the end.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use barnabas_storage::disk::{CrashKind, Fault, FaultKind};
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::random::Random;
use crate::scenario::Faults;

/// Operations within which a disk that is to crash does so.
const CRASH_WITHIN: u64 = 200;
/// How often it is looked whether a disk has crashed or a process ended.
const STEP: Duration = Duration::from_millis(10);

/// A fault that can be injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Kill,
    Restart,
    Power,
    PowerInAWrite,
    Blackout,
    Partition,
    Delay,
    Reset,
    Pause,
    SlowDisk,
    DiskError,
    DiskFull,
    Clock,
}

/// Something that is due later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relief {
    Start(usize),
    Resume(usize),
    FastDisk(usize),
    GoodDisk(usize),
    Network,
}

/// Injects faults for a while.
pub struct Nemesis {
    random: Random,
    acts: Vec<Act>,
    due: BTreeMap<(Instant, u64), Relief>,
    next_id: u64,
    next_act: Instant,
}

impl Nemesis {
    /// Knows what it may do.
    #[must_use]
    pub fn new(random: Random, faults: Faults) -> Self {
        let acts = [
            (faults.kill, Act::Kill),
            (faults.restart, Act::Restart),
            (faults.power, Act::Power),
            (faults.power, Act::PowerInAWrite),
            (faults.blackout, Act::Blackout),
            (faults.partition, Act::Partition),
            (faults.delay, Act::Delay),
            (faults.reset, Act::Reset),
            (faults.pause, Act::Pause),
            (faults.slow_disk, Act::SlowDisk),
            (faults.disk_error, Act::DiskError),
            (faults.disk_full, Act::DiskFull),
            (faults.clock, Act::Clock),
        ];
        let acts = acts.into_iter().filter_map(|(may, act)| may.then_some(act)).collect();
        let next_act = Instant::now() + random.millis(500..3_000);
        Self { random, acts, due: BTreeMap::new(), next_id: 0, next_act }
    }

    /// Injects faults until the time is over.
    pub async fn run(&mut self, cluster: &mut Cluster, until: Instant) {
        while Instant::now() < until {
            tokio::time::sleep(STEP).await;
            self.bury(cluster).await;
            let now = Instant::now();
            while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now) {
                let relief = entry.remove();
                relieve(cluster, relief);
            }
            if now >= self.next_act && !self.acts.is_empty() {
                let act = self.random.pick(&self.acts);
                self.act(cluster, act);
                self.next_act = now + self.random.millis(200..6_000);
            }
        }
    }

    /// Takes everything back and starts who does not run. From now on, nothing happens but that
    /// nodes which are still to end are started again.
    pub async fn heal(&mut self, cluster: &mut Cluster) {
        self.acts.clear();
        self.due.clear();
        cluster.world().network.heal();
        for index in 0..cluster.hosts.len() {
            let host = &mut cluster.hosts[index];
            host.disk.never_crash();
            if host.disk.crashed() {
                host.crash(CrashKind::Power);
            }
            host.disk.heal();
            host.disk.limit_capacity(u64::MAX);
            host.disk_delay_ms.store(0, Ordering::Relaxed);
            host.resume();
        }
        self.bury(cluster).await;
        self.due.clear();
        cluster.start();
    }

    /// Looks after those that died otherwise than by a command.
    async fn bury(&mut self, cluster: &mut Cluster) {
        for index in 0..cluster.hosts.len() {
            if cluster.hosts[index].disk.crashed() {
                cluster.hosts[index].crash(CrashKind::Power);
                self.later(100..5_000, Relief::Start(index));
            }
        }
        for index in cluster.reap().await {
            self.later(500..3_000, Relief::Start(index));
        }
    }

    fn act(&mut self, cluster: &mut Cluster, act: Act) {
        let index = self.random.index(cluster.hosts.len());
        let host = &mut cluster.hosts[index];
        match act {
            Act::Kill if host.is_running() => {
                host.crash(CrashKind::Kill);
                self.later(10..8_000, Relief::Start(index));
            }
            Act::Restart if host.is_running() => host.terminate(),
            Act::Power if host.is_running() => {
                host.crash(CrashKind::Power);
                self.later(10..8_000, Relief::Start(index));
            }
            Act::PowerInAWrite => {
                let at = host.disk.operations() + self.random.within(1..CRASH_WITHIN);
                host.disk.crash_at(at);
            }
            Act::Blackout => {
                for index in 0..cluster.hosts.len() {
                    cluster.hosts[index].crash(CrashKind::Power);
                    self.later(10..4_000, Relief::Start(index));
                }
            }
            Act::Partition => self.partition(cluster),
            Act::Delay => self.delay(cluster),
            Act::Reset => self.reset(cluster),
            Act::Pause => {
                host.pause();
                self.later(50..12_000, Relief::Resume(index));
            }
            Act::SlowDisk => {
                host.disk_delay_ms.store(self.random.within(5..800), Ordering::Relaxed);
                self.later(500..10_000, Relief::FastDisk(index));
            }
            Act::DiskError => {
                host.disk.inject(self.fault(FaultKind::Io));
                self.later(100..5_000, Relief::GoodDisk(index));
            }
            Act::DiskFull => {
                host.disk.inject(self.fault(FaultKind::Full));
                self.later(100..5_000, Relief::GoodDisk(index));
            }
            Act::Clock => {
                let by = i64::try_from(self.random.within(0..120_000)).unwrap_or(0) - 60_000;
                host.clock.skew(by);
            }
            Act::Kill | Act::Restart | Act::Power => {}
        }
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        let operations: &[&'static str] = match kind {
            FaultKind::Io => &["write", "sync", "read", "open", "rename"],
            FaultKind::Full => &["write", "create"],
        };
        let paths = ["", ".log", "__cluster_metadata", "checkpoint", "topic"];
        Fault {
            operation: self.random.pick(operations),
            path: self.random.pick(&paths),
            after: self.random.within(0..20),
            times: self.random.within(1..50),
            kind,
        }
    }

    fn partition(&mut self, cluster: &Cluster) {
        let network = &cluster.world().network;
        let one = self.random.index(cluster.hosts.len());
        let both = self.random.chance(0.6);
        for (index, other) in cluster.hosts.iter().enumerate() {
            if index == one {
                continue;
            }
            let (a, b) = (cluster.hosts[one].address, other.address);
            if self.random.chance(0.8) {
                network.cut(a, b);
                if both {
                    network.cut(b, a);
                }
            }
        }
        cluster.world().trace.event(|| format!("node {} is cut off, both: {both}", one + 1));
        self.later(200..15_000, Relief::Network);
    }

    fn delay(&mut self, cluster: &Cluster) {
        let max = self.random.within(10..800);
        for a in &cluster.hosts {
            for b in &cluster.hosts {
                if self.random.chance(0.5) {
                    cluster.world().network.delay(a.address, b.address, 0..max);
                }
            }
        }
        self.later(500..10_000, Relief::Network);
    }

    fn reset(&mut self, cluster: &Cluster) {
        let one = cluster.hosts[self.random.index(cluster.hosts.len())].address;
        for client in crate::run::client_addresses() {
            if self.random.chance(0.5) {
                cluster.world().network.reset_between(one, client);
            }
        }
        for other in &cluster.hosts {
            if self.random.chance(0.5) {
                cluster.world().network.reset_between(one, other.address);
            }
        }
    }

    fn later(&mut self, millis: std::ops::Range<u64>, relief: Relief) {
        self.next_id += 1;
        let at = Instant::now() + self.random.millis(millis);
        self.due.insert((at, self.next_id), relief);
    }
}

fn relieve(cluster: &mut Cluster, relief: Relief) {
    match relief {
        Relief::Start(index) => {
            if !cluster.hosts[index].is_running() {
                cluster.hosts[index].start();
            }
        }
        Relief::Resume(index) => cluster.hosts[index].resume(),
        Relief::FastDisk(index) => {
            cluster.hosts[index].disk_delay_ms.store(0, Ordering::Relaxed);
        }
        Relief::GoodDisk(index) => cluster.hosts[index].disk.heal(),
        Relief::Network => cluster.world().network.heal(),
    }
}
