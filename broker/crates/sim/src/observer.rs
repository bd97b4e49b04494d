//! Looks into the nodes and reads along on their connections: what no client can see, or only
//! too late.
//!
//! Each check is a state of its own that is told facts and answers with what contradicts them.

mod changes;
mod committed;
mod contents;
mod elections;
mod images;
mod leaders;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use barnabas_metadata::Image;
use barnabas_server::Node;
use barnabas_server::partition::{PartitionKey, Replica};

use crate::cluster::Cluster;
use crate::history::{History, Kind};
use crate::network::Heard;
use changes::Changes;
use committed::{Committed, Copy};
use elections::Elections;
use images::Images;
use leaders::{Leaders, Marks};

/// Something that is wrong.
type Finding = (Kind, String);

/// What was seen so far.
#[derive(Debug, Default)]
pub struct Observer {
    elections: Elections,
    leaders: Leaders,
    committed: Committed,
    changes: Changes,
    images: Images,
    newest: Arc<Image>,
}

impl Observer {
    /// Looks at every node.
    pub fn look(&mut self, cluster: &Cluster, history: &History) {
        let mut findings = Vec::new();
        for heard in cluster.world().network.heard() {
            findings.extend(self.hear(heard));
        }
        let hosts = cluster.hosts.iter().filter(|host| host.is_running());
        let nodes: Vec<(i32, &Arc<Node>)> =
            hosts.filter_map(|host| Some((host.id, host.node()?))).collect();
        for (id, node) in &nodes {
            self.image(*id, node, &mut findings);
        }
        let durable = history.promise().durable;
        for (id, node) in &nodes {
            self.replicas(*id, node, durable, &mut findings);
        }
        if durable {
            for (id, node) in &nodes {
                self.members(*id, node, &mut findings);
            }
        }
        for (kind, text) in findings {
            history.violation(kind, text);
        }
    }

    /// Compares the replicas of each partition below the high watermark that all of them know.
    pub fn compare(&self, cluster: &Cluster, history: &History) {
        for (kind, text) in contents::compare(cluster) {
            history.violation(kind, text);
        }
    }

    fn hear(&mut self, heard: Heard) -> Option<Finding> {
        match heard {
            Heard::Voted { voter, epoch, candidate } => {
                self.elections.voted(voter, epoch, candidate)
            }
            Heard::Leads { epoch, leader } => self.elections.leads(epoch, leader),
            Heard::Altered { topic, wanted, made } => {
                let key = PartitionKey { topic, partition: wanted.partition_index };
                self.changes.altered(key, wanted, &made)
            }
        }
    }

    fn image(&mut self, id: i32, node: &Node, findings: &mut Vec<Finding>) {
        let image = node.image.load_full();
        findings.extend(self.images.look(id, &image));
        if image.provenance.end_offset() <= self.newest.provenance.end_offset() {
            return;
        }
        for topic in image.topics.iter() {
            for (number, partition) in &topic.partitions {
                let key = PartitionKey { topic: topic.id, partition: *number };
                findings.extend(self.changes.look(key, partition, &image.cluster));
            }
        }
        self.newest = image;
    }

    fn replicas(&mut self, id: i32, node: &Node, durable: bool, findings: &mut Vec<Finding>) {
        for replica in node.partitions.all() {
            if let Some(epoch) = replica.leading_epoch() {
                let now = Marks {
                    high_watermark: replica.high_watermark(),
                    log_start: replica.log.start_offset(),
                };
                findings.extend(self.leaders.leads(replica.key, epoch.0, id, now));
            }
            if durable && !replica.is_offline() {
                let epochs = replica.log.epochs();
                let copy = Copy { epochs: &epochs, ..copy_of(id, &replica) };
                findings.extend(self.committed.shown(replica.key, copy));
            }
        }
    }

    /// Members of ISRs, if they are the processes that the newest metadata means.
    fn members(&mut self, id: i32, node: &Node, findings: &mut Vec<Finding>) {
        let registered = self.newest.cluster.broker(id).filter(|broker| !broker.fenced);
        if registered.is_none_or(|broker| broker.epoch != *node.broker_epoch.borrow()) {
            return;
        }
        for replica in node.partitions.all() {
            let topic = self.newest.topics.by_id(replica.key.topic);
            let partition = topic.and_then(|topic| topic.partition(replica.key.partition));
            let in_sync = partition.is_some_and(|partition| partition.isr.contains(&id));
            if in_sync && !replica.is_offline() {
                findings.extend(self.committed.in_sync(replica.key, copy_of(id, &replica)));
            }
        }
    }
}

/// Without its epochs.
fn copy_of(broker: i32, replica: &Replica) -> Copy<'static> {
    Copy {
        broker,
        log_start: replica.log.start_offset(),
        end: replica.log.end_offset(),
        high_watermark: replica.high_watermark(),
        epochs: &[],
    }
}
