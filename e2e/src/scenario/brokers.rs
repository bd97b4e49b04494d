//! A cluster of several brokers, its pods, and a load on it that knows what must come of it.

use std::time::Duration;

use crate::failure::{Context, Result};
use crate::kafka::{Connection, Partition};
use crate::load::{Outcome, Remote};
use crate::scenario::stage::Stage;
use crate::{ensure, fail};

/// The topic of the load.
pub const TOPIC: &str = "ledger";
/// How many partitions it has.
pub const PARTITIONS: i32 = 6;
/// How long a broker may take to be back and in sync: its node may have to come back first.
const WHOLE_MAX: Duration = Duration::from_secs(120);
/// How long one answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// The node pool of three nodes that are brokers and controllers.
pub const THREE: &str = "  - {name: brokers, replicas: 3, storage: {size: 1Gi}}\n";

/// How long the client of a load waits for a broker that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as a client does by default.
    Default,
    /// A second: what a stopped broker costs is then the cluster's time.
    Short,
}

/// A cluster of several brokers.
#[derive(Clone, Copy)]
pub struct Brokers<'a> {
    stage: &'a Stage<'a>,
    cluster: &'static str,
}

/// A pod of a broker that has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// The id of the broker.
    pub id: i32,
    /// Its pod.
    pub pod: String,
    /// Which pod of this name.
    pub uid: String,
    /// The Kubernetes node that it runs on.
    pub node: String,
    /// Its address.
    pub address: String,
}

impl<'a> Brokers<'a> {
    /// The cluster of this name on a stage.
    pub fn new(stage: &'a Stage<'a>, cluster: &'static str) -> Self {
        Self { stage, cluster }
    }

    /// Selects its pods.
    pub fn label(self) -> String {
        format!("kafka.barnabas.dev/cluster={}", self.cluster)
    }

    /// The pods of brokers.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn list(self) -> Result<Vec<Broker>> {
        let label = format!("{},kafka.barnabas.dev/broker=true", self.label());
        let path = "jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.spec.nodeName} \
                    {.status.podIP}\n{end}";
        let listed = self.stage.kubectl(&["get", "pods", "-l", &label, "-o", path])?;
        let mut brokers = Vec::new();
        for line in listed.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [pod, uid, node, address] = words.as_slice() else { continue };
            // The ordinal of a pod is the id of its node.
            let id = pod.rsplit('-').next().and_then(|id| id.parse().ok());
            let [pod, uid, node, address] = [pod, uid, node, address].map(|word| (*word).into());
            brokers.push(Broker {
                id: id.context("a pod without ordinal")?,
                pod,
                uid,
                node,
                address,
            });
        }
        Ok(brokers)
    }

    /// Asks the brokers, one after the other, until one answers.
    ///
    /// # Errors
    /// When none does.
    pub fn ask<T>(self, question: impl Fn(&mut Connection) -> Result<T>) -> Result<T> {
        let mut last = None;
        for broker in self.list()? {
            let connection = Connection::open(&format!("{}:9092", broker.address));
            let answer = connection.and_then(|mut connection| {
                connection.answer_within(ANSWER_MAX)?;
                question(&mut connection)
            });
            match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => last = Some(error),
            }
        }
        match last {
            Some(error) => Err(error),
            None => fail!("{} has no broker with an address", self.cluster),
        }
    }

    /// The partitions of a topic, as the first broker that answers sees them.
    ///
    /// # Errors
    /// When none answers.
    pub fn topic(self, name: &str) -> Result<Vec<Partition>> {
        self.ask(|connection| connection.topic_state(name))
    }

    /// The broker that leads partition 0 of the load's topic.
    ///
    /// # Errors
    /// When there is none.
    pub fn leader(self) -> Result<Broker> {
        let leader = self.topic(TOPIC)?.first().context("no partition")?.leader;
        self.of(leader)
    }

    /// The broker of this id.
    ///
    /// # Errors
    /// When it has no pod with an address.
    pub fn of(self, id: i32) -> Result<Broker> {
        let found = self.list()?.into_iter().find(|broker| broker.id == id);
        found.context(format!("no pod of broker {id}"))
    }

    /// Creates the topic of the load with three replicas and more of its spec as indented lines,
    /// and waits until they are in sync.
    ///
    /// # Errors
    /// When they are not in time.
    pub fn create_topic(self, more: &str) -> Result<()> {
        let spec = format!("  partitions: {PARTITIONS}\n  replicas: 3\n{more}");
        self.stage.apply(&super::stage::topic_of(self.cluster, TOPIC, &spec))?;
        self.stage.ready(&format!("kafkatopic/{TOPIC}"))?;
        self.whole(3)
    }

    /// Waits until this many brokers have pods, every replica of the load's topic is in sync, and
    /// the cluster is as its spec says.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn whole(self, count: usize) -> Result<()> {
        self.stage.kubernetes.until("all brokers have pods", WHOLE_MAX, || {
            let serving = self.list()?.len();
            ensure!(serving == count, "{serving} of {count} brokers have a pod");
            Ok(true)
        })?;
        self.until(TOPIC, "all replicas are in sync", WHOLE_MAX, |partition| {
            partition.leader >= 0 && partition.in_sync.len() == partition.replicas.len()
        })?;
        self.stage.settled(self.cluster, WHOLE_MAX).map(|_| ())
    }

    /// Waits until something holds of every partition of a topic.
    ///
    /// # Errors
    /// When it does not within `limit`: the first of which it does not hold.
    pub fn until(
        self,
        topic: &str,
        what: &str,
        limit: Duration,
        holds: impl Fn(&Partition) -> bool,
    ) -> Result<()> {
        let look = || match self.topic(topic)?.into_iter().find(|partition| !holds(partition)) {
            Some(partition) => fail!("{partition:?}"),
            None => Ok(true),
        };
        self.stage.kubernetes.until(&format!("{topic}: {what}"), limit, look).map(|_| ())
    }

    /// Moves partitions of a topic to these replicas.
    ///
    /// # Errors
    /// When a broker refuses.
    pub fn reassign(self, topic: &str, moves: &[(i32, Vec<i32>)]) -> Result<()> {
        self.ask(|connection| connection.reassign(topic, moves))
    }

    /// Starts 500 records a second on the topic of the load, in the network of the bed, where the
    /// names of the brokers resolve.
    ///
    /// # Errors
    /// When nothing is acknowledged.
    pub fn load(self, patience: Patience) -> Result<Remote> {
        let own = self.stage.bed.own_program()?;
        let mut command = self.stage.bed.inside(&own.display().to_string());
        let bootstrap = format!("{}-bootstrap.{}:9092", self.cluster, self.stage.namespace);
        command.args(["load", "--bootstrap", &bootstrap, "--topic", TOPIC, "--rate", "500"]);
        command.args(["--partitions", &PARTITIONS.to_string()]);
        if patience == Patience::Short {
            command.arg("--impatient");
        }
        Remote::start(&mut command)
    }

    /// Ends a load, prints what came of it, and fails unless everything was acknowledged and kept.
    ///
    /// # Errors
    /// What is wrong.
    pub fn judge(self, load: Remote) -> Result<()> {
        let outcome: Outcome = load.finish()?;
        let verdict = &outcome.verdict;
        self.stage.say(&format!(
            "{} acknowledged, {} failed, {} lost, {} duplicated, {} misordered; p99 {:.0} ms",
            verdict.acked,
            verdict.failed,
            verdict.lost,
            verdict.duplicated,
            verdict.misordered,
            outcome.p99_ms
        ));
        outcome.must_be_whole()
    }
}
