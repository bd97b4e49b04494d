//! What the brokers and controllers themselves say. Only read here; nothing is decided.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use barnabas_crds::cluster::{PartitionsStatus, QuorumStatus};
use tokio::time::timeout;

use super::defaults;
use crate::kafka::{Admin, Broker, Error, Partition, Quorum};

/// How long the brokers get to answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// How many brokers are asked: the first may be the one that stops.
const ATTEMPTS: usize = 3;

/// The state of a cluster by Kafka's protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Every registered broker.
    pub brokers: BTreeMap<i32, Broker>,
    /// Every partition.
    pub partitions: Vec<Partition>,
    /// `min.insync.replicas` of topics that it was asked for: of all before a restart, otherwise of
    /// those with a partition that has replicas missing.
    pub min_isr: BTreeMap<String, usize>,
    /// Configs that are set for all brokers, of those that the operator keeps in step.
    pub defaults: BTreeMap<String, String>,
    /// The controllers.
    pub quorum: Quorum,
}

/// Asks a cluster; `None` when it does not answer in time. `restarts` says whether nodes of it have
/// to be restarted.
pub async fn read(admin: &Admin, restarts: bool) -> Option<Live> {
    for _ in 0..ATTEMPTS {
        let Ok(answer) = timeout(ANSWER_MAX, ask(admin, restarts)).await else {
            admin.ask_another().await;
            return None;
        };
        match answer {
            Ok(live) => {
                // A broker that is cut off from the controllers tells of old troubles for ever.
                if live.quorum.leader.is_none() || live.is_troubled() {
                    admin.ask_another().await;
                }
                return Some(live);
            }
            Err(error) => {
                tracing::debug!(%error, "a broker does not say how the cluster stands");
                admin.ask_another().await;
            }
        }
    }
    None
}

async fn ask(admin: &Admin, restarts: bool) -> Result<Live, Error> {
    let quorum = match admin.quorum().await {
        // Nobody is active, at the moment.
        Err(Error::Refused(_)) => Quorum::default(),
        other => other?,
    };
    let brokers = admin.registered().await?;
    let partitions = admin.partitions().await?;
    let counts = |p: &&Partition| restarts || p.under_replicated();
    let short: BTreeSet<&String> = partitions.iter().filter(counts).map(|p| &p.topic).collect();
    let short: Vec<String> = short.into_iter().cloned().collect();
    let min_isr = admin.min_isr(&short).await?;
    let defaults = admin.defaults(defaults::MANAGED).await?;
    Ok(Live { brokers, partitions, min_isr, defaults, quorum })
}

impl Live {
    /// Partitions with replicas missing from their ISR.
    pub fn under_replicated(&self) -> impl Iterator<Item = &Partition> {
        self.partitions.iter().filter(|partition| partition.under_replicated())
    }

    fn is_troubled(&self) -> bool {
        self.under_replicated().next().is_some()
            || self.brokers.values().any(|broker| broker.fenced)
    }

    /// Partitions, with counts of those that are not well.
    #[must_use]
    pub fn partitions_status(&self) -> PartitionsStatus {
        let count = |matches: &dyn Fn(&Partition) -> bool| {
            let found = self.partitions.iter().filter(|partition| matches(partition)).count();
            i32::try_from(found).unwrap_or(i32::MAX)
        };
        let min_isr = |p: &Partition| self.min_isr.get(&p.topic).copied().unwrap_or(1);
        PartitionsStatus {
            total: count(&|_| true),
            offline: count(&|partition| partition.leader.is_none()),
            under_replicated: count(&Partition::under_replicated),
            under_min_isr: count(&|partition| partition.isr.len() < min_isr(partition)),
        }
    }

    /// The controllers, and who of them is behind.
    #[must_use]
    pub fn quorum_status(&self) -> QuorumStatus {
        let lagging = self.quorum.voters.iter().filter(|(_, caught_up)| !**caught_up);
        QuorumStatus {
            leader_id: self.quorum.leader,
            voters: self.quorum.voters.keys().copied().collect(),
            lagging: lagging.map(|(id, _)| *id).collect(),
        }
    }

    /// Partitions that another replica leads than the one that is to, although that is in sync.
    #[must_use]
    pub fn not_led_by_preferred(&self) -> Vec<(String, i32)> {
        let other = self.partitions.iter().filter(|partition| {
            let preferred = partition.replicas.first();
            preferred.is_some_and(|preferred| {
                partition.leader != Some(*preferred) && partition.isr.contains(preferred)
            })
        });
        other.map(|partition| (partition.topic.clone(), partition.index)).collect()
    }
}
