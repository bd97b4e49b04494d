//! What a cluster says of itself, and waiting until it says something else.

use std::time::Duration;

use super::{Cluster, Node, until};
use crate::failure::{Context, Failure, Result};
use crate::kafka::Connection;

pub use crate::kafka::{Partition, Quorum};

/// How long one answer may take. Nodes that are stopped are not asked.
const ANSWER_MAX: Duration = Duration::from_secs(5);

impl Cluster {
    /// A connection to a broker.
    ///
    /// # Errors
    /// When it takes none.
    pub fn connect(&self, id: i32) -> Result<Connection> {
        let address = self.node(id)?.address().context(format!("node {id} is no broker"))?;
        let connection = Connection::open(&address)?;
        connection.answer_within(ANSWER_MAX)?;
        Ok(connection)
    }

    /// Asks the brokers, one after the other, until one answers.
    ///
    /// # Errors
    /// When none does: what the last one said.
    pub fn ask<T>(&self, question: impl Fn(&mut Connection) -> Result<T>) -> Result<T> {
        let mut last = Failure::new("no broker runs");
        for node in self.nodes().iter().filter(|node| node.is_responsive()) {
            if node.address().is_none() {
                continue;
            }
            match self.connect(node.id()).and_then(|mut connection| question(&mut connection)) {
                Ok(answer) => return Ok(answer),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The partitions of a topic, as the first broker that answers sees them.
    ///
    /// # Errors
    /// When none answers, or there is no such topic.
    pub fn topic(&self, name: &str) -> Result<Vec<Partition>> {
        self.ask(|connection| connection.topic_state(name))
    }

    /// The metadata quorum.
    ///
    /// # Errors
    /// When no broker answers, or there is no leader.
    pub fn quorum(&self) -> Result<Quorum> {
        self.ask(Connection::quorum)
    }

    /// Creates a topic as soon as the cluster takes it, with a replica on three brokers (or on all,
    /// if there are fewer), and waits until every broker knows its leaders and all are in sync.
    ///
    /// # Errors
    /// When it does not come to that within 30 s.
    pub fn create(&self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Result<()> {
        let limit = Duration::from_secs(30);
        let factor = i16::try_from(self.brokers().len().min(3))?;
        until(&format!("{name} is created"), limit, || {
            self.ask(|connection| connection.create_replicated(name, partitions, factor, configs))?;
            Ok(None)
        })?;
        self.await_in_sync(name, limit).map(|_| ())
    }

    /// Waits until every running broker lists this many brokers.
    ///
    /// # Errors
    /// When they do not within `limit`.
    pub fn await_brokers(&self, count: usize, limit: Duration) -> Result<Duration> {
        let running: Vec<i32> = self.running_brokers();
        until(&format!("{count} brokers are known to all"), limit, || {
            for id in &running {
                let known = self.connect(*id)?.brokers()?;
                if known.len() != count {
                    return Ok(Some(format!("broker {id} knows {known:?}")));
                }
            }
            Ok(None)
        })
    }

    /// Waits until every running broker sees all replicas of a topic in sync.
    ///
    /// # Errors
    /// When they do not within `limit`.
    pub fn await_in_sync(&self, topic: &str, limit: Duration) -> Result<Duration> {
        self.await_partitions(topic, "all replicas are in sync", limit, |partition| {
            partition.leader >= 0 && partition.in_sync.len() == partition.replicas.len()
        })
    }

    /// Waits until something holds of every partition of a topic, as every running broker sees it.
    ///
    /// # Errors
    /// When it does not within `limit`.
    pub fn await_partitions(
        &self,
        topic: &str,
        what: &str,
        limit: Duration,
        holds: impl Fn(&Partition) -> bool,
    ) -> Result<Duration> {
        let running = self.running_brokers();
        until(&format!("{topic}: {what}"), limit, || {
            for id in &running {
                let state = self.connect(*id)?.topic_state(topic)?;
                if let Some(partition) = state.iter().find(|partition| !holds(partition)) {
                    return Ok(Some(format!("broker {id} sees {partition:?}")));
                }
            }
            Ok(None)
        })
    }

    fn running_brokers(&self) -> Vec<i32> {
        let brokers = self.nodes().iter().filter(|node| node.address().is_some());
        brokers.filter(|node| node.is_responsive()).map(Node::id).collect()
    }
}
